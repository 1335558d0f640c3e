import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { short, usual, type Times } from "./elector.ts";
import { MixedElection } from "./mixed.ts";
import { handOver, type Direction, type Fault, type Figures } from "./round.ts";
import { describeWithElector } from "./with-elector.ts";

/** How often each hand-over is tried; `npm run test:interop` tries it 20 times. */
const rounds = Number(process.env["LEADER_EXEC_INTEROP_ROUNDS"] || 1);

interface Row {
  readonly fault: Fault;
  readonly direction: Direction;
  readonly times: Times;
  /** False where client-go is the one that has to stop in time, and does not: its window is measured. */
  readonly safe: boolean;
}

const faults: Fault[] = ["polite", "crash", "black hole"];
const rows: Row[] = [
  ...faults.map((fault): Row => ({ fault, direction: "leader-exec to client-go", times: short, safe: true })),
  ...faults.map((fault): Row => ({ fault, direction: "client-go to leader-exec", times: short, safe: true })),
  { fault: "black hole", direction: "client-go to leader-exec", times: usual, safe: false },
];

const lines: string[] = [];
after(() => {
  if (lines.length > 0) console.log(table(lines));
});

await describeWithElector("one election of client-go and leader-exec", (room) => {
  describe("hand-overs", { concurrency: 4 }, () => {
    for (const row of rows) {
      const { fault, direction, times, safe } = row;
      const spans = `${times.duration}/${times.deadline}/${times.retry}`;
      const rule = safe ? "never two at once" : "client-go's work goes on beyond its lease, and by how long";
      test(`${direction}, ${fault}, client-go at ${spans}: ${rule}`, { timeout: 600_000 }, async (t) => {
        const { lab, program } = room();
        const election = await MixedElection.open(t, lab, program);
        const figures: Figures[] = [];
        for (let number = 0; number < rounds; number++) {
          const proxy = await lab.proxy();
          figures.push(await handOver({ election, proxy, fault, direction, number, times }));
          proxy.close();
        }
        lines.push(line(row, spans, figures));
        t.diagnostic(lines.at(-1) ?? "");
        const overlaps = figures.filter(({ margin }) => margin <= 0);
        if (safe) assert.deepEqual(overlaps, [], "two were at work at once");
      });
    }
  });
});

function line({ fault, direction }: Row, spans: string, figures: readonly Figures[]): string {
  const sorted = (key: keyof Figures): number[] => figures.map((each) => each[key]).sort((a, b) => a - b);
  const middle = (values: readonly number[]): string => ms(values[Math.floor((values.length - 1) / 2)]);
  const [takeovers, margins] = [sorted("takeover"), sorted("margin")];
  const overlaps = margins.filter((margin) => margin <= 0).length;
  const cells = [direction, fault, spans, `${figures.length}`, `${overlaps}`];
  return `| ${[...cells, ms(margins[0]), middle(margins), middle(takeovers), ms(takeovers.at(-1))].join(" | ")} |`;
}

const ms = (value = NaN): string => (Math.abs(value) < 100 ? value.toFixed(1) : value.toFixed(0));

const table = (rows: readonly string[]): string =>
  [
    "| hand-over | fault | client-go at | rounds | overlaps | smallest margin, ms | margin, median | take-over, median | take-over, longest |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...[...rows].sort(),
  ].join("\n");

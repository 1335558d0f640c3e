/**
 * npm run bench [-- --only NAME]... [--json FILE] [--share 0.2]
 *
 * Measures leader-exec on a real API server, each figure beside its base line in the same run. No test: nothing fails on a
 * figure. Progress goes to stderr, the table to stdout. `--share`: of the usual number of rounds, for a quick look.
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { DEFAULT_VERSION, startLab } from "../test/lab/index.ts";
import { handOver } from "./hand-over.ts";
import { idle } from "./idle.ts";
import { endAll } from "./program.ts";
import { Room } from "./room.ts";
import { judge, table, type Row } from "./rows.ts";
import { signal } from "./signal.ts";
import { start } from "./start.ts";
import { crash, free } from "./take-over.ts";

const benchmarks: Record<string, (room: Room) => Promise<Row[]>> = {
  "hand-over": handOver,
  start,
  idle,
  signal,
  crash,
  free,
};

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: Object.keys(benchmarks) },
    json: { type: "string" },
    share: { type: "string", default: "1" },
  },
});
const unknown = values.only.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(", ")}; there are ${Object.keys(benchmarks).join(", ")}`);
  process.exit(64);
}

const load = (): string =>
  loadavg()
    .map((figure) => figure.toFixed(1))
    .join(" ");
const conditions = {
  at: new Date().toISOString(),
  node: process.version,
  kubernetes: DEFAULT_VERSION,
  processors: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
  loadBefore: load(),
};
const lab = await startLab();
const rows: Row[] = [];
try {
  const room = await Room.open(lab, Number(values.share), (line) => console.error(line));
  for (const name of values.only) rows.push(...((await benchmarks[name]?.(room)) ?? []));
} finally {
  endAll();
  await lab.stop();
}
const judged = rows.map(judge);
const report = { ...conditions, loadAfter: load(), rows: judged };
console.log(
  `Node ${report.node}, Kubernetes ${report.kubernetes}, ${report.processors}; load average ${report.loadBefore} before, ${report.loadAfter} after\n`,
);
console.log(table(judged));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
process.exit(0); // what was started and leads is ended by its guard

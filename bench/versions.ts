/** Start-up and memory of a standby on every version of Node that is supported. */
import { setTimeout as pause } from "node:timers/promises";
import { memoryOf, guardsOf } from "./memory.ts";
import { nodeBinaries, type NodeBinary } from "./node-binaries.ts";
import { Program } from "./program.ts";
import type { Room } from "./room.ts";
import type { Row } from "./rows.ts";
import { stamped } from "./stamps.ts";
import { Starts } from "./start.ts";

const settles = 15_000;

export async function versions(room: Room): Promise<Row[]> {
  const binaries = nodeBinaries(room.progress);
  const starts = await Starts.open(room);
  const measured = binaries.map((binary) => ({
    binary,
    cases: starts.cases(binary.file),
    figures: new Map<string, number[]>(),
  }));
  const rounds = room.rounds(20);
  for (let round = 0; round < rounds; round++) {
    for (const { cases, figures } of measured) {
      for (const [name, measure] of Object.entries(cases))
        figures.set(name, [...(figures.get(name) ?? []), await measure()]);
    }
    room.progress(`versions: start ${round + 1}/${rounds}`);
  }
  starts.close();
  const memory = await memoryOn(room, binaries);
  return measured.flatMap(({ binary: { major, version }, figures }, index) => {
    const of = (name: string): number[] => figures.get(name) ?? [];
    const on = `Node ${major}`;
    const time = { unit: "ms", base: `node -e 0, ${version.slice(1)}`, baseFigures: of("node") } as const;
    const first = { ...time, what: `start to first request, ${on}`, figures: of("standby") };
    return [
      { ...first, budget: { times: 2 } },
      { ...first, base: "node:https by hand", baseFigures: of("byHand"), budget: null },
      { ...time, what: `--help, ${on}`, figures: of("help"), budget: { times: 1.5 } },
      ...memoryRows(on, memory[index]),
    ];
  });
}

interface Memory {
  readonly standby: number;
  readonly guard: number;
  readonly byHand: number;
  readonly bare: number;
}

function memoryRows(on: string, memory: Memory | undefined): Row[] {
  if (memory === undefined) return [];
  const { standby, guard, byHand, bare } = memory;
  const hand = { base: "node:https by hand", baseFigures: [byHand], budget: { times: 1.2 } };
  return [
    { what: `RSS, standby, ${on}`, unit: "MiB", figures: [standby], ...hand },
    { what: `RSS, guard, ${on}`, unit: "MiB", figures: [guard], base: "bare node", baseFigures: [bare], budget: null },
  ];
}

/** One standby on each, all of one Lease, and what they are compared with, while they do nothing. */
async function memoryOn(room: Room, binaries: readonly NodeBinary[]): Promise<Memory[]> {
  const stamps = room.newFile();
  const leader = room.leaderExec("versions", stamps);
  await stamped(stamps, "start");
  const all = binaries.map(({ file }) => ({
    standby: room.leaderExec("versions", stamps, { node: file }),
    byHand: room.handWritten("idle", "versions-by-hand", "stand by", { node: file }),
    bare: Program.node(["-e", "setInterval(() => undefined, 1000)"], {}, file),
  }));
  for (const { standby } of all) await standby.says(/standing by/);
  room.progress("versions: memory");
  await pause(settles);
  const rss = (pid: number | undefined): number => (pid === undefined ? NaN : memoryOf(pid, ["Rss"]));
  const memory = all.map(({ standby, byHand, bare }) => ({
    standby: rss(standby.pid),
    guard: rss(guardsOf([standby])[0]),
    byHand: rss(byHand.pid),
    bare: rss(bare.pid),
  }));
  const programs = [leader, ...all.flatMap((each) => Object.values(each))];
  await Promise.all(programs.map((program) => program.kill()));
  return memory;
}

/**
 * npm run bench [-- --only NAME]... [--json FILE] [--share 0.2] [--keep]
 * npm run bench -- --plots
 *
 * Measures leader-exec on a real API server, each figure beside its base line in the same run. No test: nothing fails on a
 * figure. Progress goes to stderr, the table to stdout. `--share`: of the usual number of rounds, for a quick look.
 * `--keep`: into bench/results.json, in the place of what these benchmarks found before; docs/plots and the table in
 * docs/performance.md are made anew then. `--plots`: only that, from what is kept; measures nothing.
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { parseArgs } from "node:util";
import { DEFAULT_VERSION, startLab } from "../test/lab/index.ts";
import { asked } from "./asked.ts";
import { contention } from "./contention.ts";
import { handOver } from "./hand-over.ts";
import { idle } from "./idle.ts";
import { endAll } from "./program.ts";
import { keepResults, readResults, tables, type Conditions, type Result } from "./results.ts";
import { publish } from "./publish.ts";
import { Room } from "./room.ts";
import type { Row } from "./rows.ts";
import { signal } from "./signal.ts";
import { start } from "./start.ts";
import { crash, free } from "./take-over.ts";
import { versions } from "./versions.ts";

const benchmarks: Record<string, (room: Room) => Promise<Row[]>> = {
  "hand-over": handOver,
  start,
  idle,
  signal,
  crash,
  free,
  contention,
  versions,
  asked,
};

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: Object.keys(benchmarks) },
    json: { type: "string" },
    share: { type: "string", default: "1" },
    keep: { type: "boolean", default: false },
    plots: { type: "boolean", default: false },
  },
});
const say = (line: string): void => console.error(line);
if (values.plots) {
  publish(readResults());
  process.exit(0);
}
const unknown = values.only.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  say(`there is no benchmark ${unknown.join(", ")}; there are ${Object.keys(benchmarks).join(", ")}`);
  process.exit(64);
}

const processors = cpus();
const conditions: Conditions = {
  day: new Date().toISOString().slice(0, 10),
  node: process.version,
  kubernetes: DEFAULT_VERSION,
  kernel: release(),
  processors: `${processors.length} x ${processors[0]?.model ?? "unknown"}`,
  cores: processors.length,
  load: loadavg()[0] ?? NaN,
};
const lab = await startLab();
const found: Record<string, Result> = {};
try {
  const room = await Room.open(lab, Number(values.share), say);
  for (const name of values.only) found[name] = { conditions, rows: (await benchmarks[name]?.(room)) ?? [] };
} finally {
  endAll();
  await lab.stop();
}
console.log(tables(found));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(found, null, 2)}\n`);
if (values.keep) publish(keepResults(found));
process.exit(0); // what was started and leads is ended by its guard

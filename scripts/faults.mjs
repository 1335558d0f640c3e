// Runs the whole fault suite and prints the table of its figures at the end.
//   node scripts/faults.mjs [FILE]...
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const files = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "leader-exec-faults-"));
const figures = join(folder, "figures");
const run = spawnSync(
  process.execPath,
  ["--import", "tsx", "scripts/test.mjs", ...(files.length ? files : ["test/faults"])],
  { stdio: "inherit", env: { FAULTS: "all", ...process.env, FAULTS_FIGURES: figures } },
);
const lines = existsSync(figures) ? readFileSync(figures, "utf8").trim().split("\n") : [];
rmSync(folder, { recursive: true });

const ms = (value) => (value === null ? "-" : value.toFixed(0));
const rows = lines
  .map((line) => JSON.parse(line))
  .sort((a, b) => (a.fault < b.fault ? -1 : 1))
  .map(({ fault, store, runs, overlaps, margin, recover, rate, note }) => [
    `${fault}${store === "file" ? " (file store)" : ""}`,
    String(runs),
    String(overlaps),
    ms(margin),
    recover === null ? "-" : `${ms(recover[0])} / ${ms(recover[1])}`,
    rate === null ? "-" : rate.toFixed(1),
    note,
  ]);
const head = [
  "fault",
  "runs",
  "overlaps",
  "smallest margin, ms",
  "recovered, ms (median / longest)",
  "requests/s",
  "note",
];
const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
console.log([line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n"));
const sum = (column) => rows.reduce((total, row) => total + Number(row[column]), 0);
console.log(`${rows.length} faults, ${sum(1)} runs, ${sum(2)} overlaps`);
process.exitCode = run.status ?? 1;

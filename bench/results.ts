/** The last results of each benchmark, kept in the repository: what docs/plots and the table in docs/performance.md are made of. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { judge, table, type Row } from "./rows.ts";

/** Where and when a benchmark ran. */
export interface Conditions {
  /** A day, in ISO form. */
  readonly day: string;
  readonly node: string;
  readonly kubernetes: string;
  readonly kernel: string;
  readonly processors: string;
  readonly cores: number;
  /** Load average of the last minute before it began: above the number of cores, others had work too. */
  readonly load: number;
}

export interface Result {
  readonly conditions: Conditions;
  readonly rows: readonly Row[];
}

/** By the name of the benchmark. */
export type Results = Readonly<Record<string, Result>>;

export const resultsFile = join(import.meta.dirname, "results.json");

export function readResults(): Results {
  return JSON.parse(readFileSync(resultsFile, "utf8")) as Results;
}

/** Replaces what these benchmarks found before, and leaves the others as they are. */
export function keepResults(found: Results): Results {
  const all = { ...readResults(), ...found };
  writeFileSync(resultsFile, written(all));
  return readResults(); // with the digits that are kept: plots and table must be those of the file
}

/** A row a line, each figure with four digits. */
export function written(results: Results): string {
  const parts = Object.entries(results).map(([name, { conditions, rows }]) => {
    const lines = rows.map((row) => `      ${JSON.stringify(row, fourDigits)}`);
    return `  ${JSON.stringify(name)}: {\n    "conditions": ${JSON.stringify(conditions)},\n    "rows": [\n${lines.join(",\n")}\n    ]\n  }`;
  });
  return `{\n${parts.join(",\n")}\n}\n`;
}

function fourDigits(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(4)) : value;
}

/** In one line: what a figure without its circumstances would hide. */
export function conditionsLine({ day, node, kubernetes, processors, cores, load }: Conditions): string {
  const busy = load > cores ? `, busy with other work (load ${load.toFixed(0)})` : "";
  return `${day} \u00b7 Node ${node.slice(1)} \u00b7 Kubernetes ${kubernetes.slice(1)} \u00b7 ${processors}${busy}`;
}

/** A table for each run: the benchmarks that ran under the same conditions are together. */
export function tables(results: Results): string {
  const runs = new Map<string, Row[]>();
  for (const { conditions, rows } of Object.values(results)) {
    const line = conditionsLine(conditions);
    runs.set(line, [...(runs.get(line) ?? []), ...rows]);
  }
  return [...runs].map(([line, rows]) => `${line}\n\n${table(rows.map(judge))}`).join("\n\n");
}

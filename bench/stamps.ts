import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../test/lab/index.ts";

/** One line of programs/stamp.c, `at` in milliseconds of CLOCK_MONOTONIC. */
export interface Stamp {
  readonly at: number;
  readonly pid: number;
  readonly what: string;
}

/** The command that is measured, compiled into a folder of the run. */
export function compileStamp(folder: string): string {
  const path = join(folder, "stamp");
  execFileSync("cc", ["-static", "-O2", "-o", path, join(import.meta.dirname, "programs", "stamp.c")]);
  return path;
}

/** What the commands wrote so far; a journal of test/interop/go is understood as well. */
export function stampsIn(file: string): Stamp[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.filter((line) => !line.includes('"alive"')).map(stampOf);
}

/** The first stamp of this kind, after so many others of its kind. */
export async function stamped(file: string, what: string, skip = 0): Promise<Stamp> {
  const find = (): Stamp | undefined => stampsIn(file).filter((stamp) => stamp.what === what)[skip];
  return until(`"${what}" in ${file}`, find, 60_000);
}

function stampOf(line: string): Stamp {
  if (line.startsWith("{")) {
    const { at, pid, event } = JSON.parse(line) as { at: number; pid: number; event: string };
    return { at, pid, what: event === "stop" ? "end" : event };
  }
  const [at = "", pid = "", what = ""] = line.split(" ");
  return { at: Number(at) / 1e6, pid: Number(pid), what };
}

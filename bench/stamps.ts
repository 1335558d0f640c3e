import { execFileSync } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
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

/** What was read of a file already: a journal of client-go's work grows by 200 lines a second. */
interface Known {
  size: number;
  rest: string;
  readonly stamps: Stamp[];
}

const known = new Map<string, Known>();

/** What the commands wrote so far; a journal of test/interop/go is understood as well. */
export function stampsIn(file: string): readonly Stamp[] {
  if (!existsSync(file)) return [];
  const state = known.get(file) ?? { size: 0, rest: "", stamps: [] };
  known.set(file, state);
  const lines = (state.rest + readOn(file, state)).split("\n");
  state.rest = lines.pop() ?? "";
  state.stamps.push(...lines.filter((line) => !line.includes('"alive"')).map(stampOf));
  return state.stamps;
}

function readOn(file: string, state: Known): string {
  const open = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(open).size - state.size));
    const length = readSync(open, bytes, 0, bytes.length, state.size);
    state.size += length;
    return bytes.toString("latin1", 0, length); // it has nothing but ASCII
  } finally {
    closeSync(open);
  }
}

/** The first stamp of this kind, after so many others of its kind. */
export async function stamped(file: string, what: string, skip = 0): Promise<Stamp> {
  const find = (): Stamp | undefined => stampsIn(file).filter((stamp) => stamp.what === what)[skip];
  return until(`"${what}" in ${file}`, find, 60_000);
}

/** The pid by which we know a process that wrote its own into this file, be it of another pid namespace. Throws when there is none. */
export function pidHere(file: string, pid: number): number {
  const found = readdirSync("/proc").find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      const names = /^NSpid:(.*)$/m
        .exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1]
        ?.trim()
        .split(/\s+/);
      return words.at(-2) === file && Number(names?.at(-1)) === pid;
    } catch {
      return false; // it has ended
    }
  });
  if (found === undefined) throw new Error(`the command ${pid} that writes to ${file} is gone`);
  return Number(found);
}

function stampOf(line: string): Stamp {
  if (line.startsWith("{")) {
    const { at, pid, event } = JSON.parse(line) as { at: number; pid: number; event: string };
    return { at, pid, what: event === "stop" ? "end" : event };
  }
  const [at = "", pid = "", what = ""] = line.split(" ");
  return { at: Number(at) / 1e6, pid: Number(pid), what };
}

/** The time of day at the zero of CLOCK_MONOTONIC. */
export function wallAtZero(): number {
  return performance.timeOrigin + performance.now() - Number(process.hrtime.bigint()) / 1e6;
}

/** Reads Linux' /proc, as proc(5) describes it. Times are clock ticks since boot. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { LocalTrouble } from "../world.ts";

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** With the pid, this names a process for ever: a pid that is given out again has a later start. */
  readonly startTime: number;
  /** A zombie or dead: it runs no code any more and only waits for its parent. */
  readonly ended: boolean;
  /** A thread of the kernel: it has no environment and is nobody's child. */
  readonly kernel: boolean;
}

const kernelThread = 0x00200000; // PF_KTHREAD

/** Understands the text of /proc/PID/stat. The name in parentheses may contain spaces and parentheses itself. */
export function parseStat(text: string): ProcessStat | null {
  const pid = Number.parseInt(text, 10);
  const afterName = text.lastIndexOf(")");
  if (Number.isNaN(pid) || afterName < 0) return null;
  const fields = text.slice(afterName + 2).split(" ", 20); // from field 3, the state, to field 22, the start time
  const [state = "", parent, group, session, , , flags] = fields;
  if (fields.length < 20) return null;
  const threads = Number(fields[17]);
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime: Number(fields[19]),
    // The main thread can end before the others: then it is a zombie, but the process is alive.
    ended: "ZXx".includes(state) && threads <= 1,
    kernel: (Number(flags) & kernelThread) !== 0,
  };
}

const statBuffer = Buffer.allocUnsafe(1024);

/**
 * What /proc says about a process now; null when there is none. Synchronous on purpose: the kernel answers from memory
 * without taking a lock that a process in trouble could hold (measured: 13 us). A process that we may not see (another
 * user's, with hidepid) counts as none. Throws what else goes wrong, like EMFILE.
 */
export function readStat(pid: number): ProcessStat | null {
  const text = readStatText(pid);
  return text === null ? null : parseStat(text);
}

/**
 * Tells whether this process still exists, be it as a zombie; through one descriptor that is kept as long as we live: this must
 * work even when no new one can be had. Throws when there is none now.
 */
export function processHolder(pid: number, startTime: number): () => boolean {
  const file = openSync(`/proc/${pid}/stat`, "r");
  return () => {
    try {
      return (
        parseStat(statBuffer.toString("latin1", 0, readSync(file, statBuffer, 0, 1024, 0)))?.startTime === startTime
      );
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  };
}

/** What /proc/PID/stat says; null when there is no such process. */
export function readStatText(pid: number): string | null {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/stat`, "r");
    return statBuffer.toString("latin1", 0, readSync(file, statBuffer, 0, 1024, 0));
  } catch (error) {
    if (isGone(error) || isForbidden(error)) return null;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The pids of our parent, its parent and so on; null when /proc does not show them all. */
export function ancestors(): ReadonlySet<number> | null {
  const found = new Set<number>();
  for (let pid = process.ppid; pid > 0 && !found.has(pid);) {
    found.add(pid);
    const parent = readStat(pid)?.parent;
    if (parent === undefined) return null;
    pid = parent;
  }
  return found;
}

/** All pids of this moment. */
export function listPids(): number[] {
  const pids: number[] = [];
  for (const name of readdirSync("/proc")) {
    const first = name.charCodeAt(0);
    if (first > 48 && first <= 57) pids.push(Number(name));
  }
  return pids;
}

/**
 * The pid that was given out last in our pid namespace: while it stays the same, nothing was started. 0 when it cannot be told, as in
 * LXC's containers when the program that makes this file (lxcfs) has died.
 */
export function newestPid(path = "/proc/loadavg"): number {
  try {
    return Number(readFileSync(path, "latin1").trim().split(" ").pop());
  } catch {
    return 0;
  }
}

/** Throws LocalTrouble when /proc does not show our own process, and so cannot show the command's. */
export function checkProc(): void {
  let trouble: string;
  try {
    if (readlinkSync("/proc/self") === String(process.pid) && readStat(process.pid) !== null) return;
    trouble = "it belongs to another pid namespace";
  } catch (error) {
    trouble = error instanceof Error ? error.message : String(error);
  }
  throw new LocalTrouble(
    `/proc does not show this process (${trouble}), so what the command leaves behind could not be found; mount a ` +
      "/proc of this pid namespace, or use --guard off to do without that promise",
  );
}

export function isGone(error: unknown): boolean {
  return hasCode(error, "ENOENT", "ESRCH");
}

export function isForbidden(error: unknown): boolean {
  return hasCode(error, "EACCES", "EPERM");
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

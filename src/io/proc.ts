/** Reads Linux' /proc, as proc(5) describes it. Times are clock ticks since boot. */
import { close, closeSync, open, openSync, read, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
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

function readStatText(pid: number): string | null {
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

/**
 * Whether a process has no environment because it is just in exec (or ending), as opposed to having wiped it or never got
 * one: env_end, field 51 of /proc/PID/stat, is 0 only as long as there is no new stack yet. Throws as readStat does.
 */
export function isBetweenEnvironments(pid: number): boolean {
  const text = readStatText(pid);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[48] === "0";
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

/** The pid that was given out last in our pid namespace: while it stays the same, nothing was started. */
export function newestPid(): string {
  return readFileSync("/proc/loadavg", "latin1").trim().split(" ").pop() ?? "";
}

/**
 * The environment block of a process, empty when it wiped it or is in the middle of exec. Asynchronous, because the kernel must look into the memory of that process and
 * waits while somebody holds the lock of it: the answer may never come.
 */
export async function readEnvironment(pid: number): Promise<Buffer | "gone" | "unreadable"> {
  const block = await readBlock(`/proc/${pid}/environ`);
  if (block === "unreadable" || (block !== "gone" && block.length > 0)) return block;
  // A main thread that ended before the others has no memory any more; they still show it.
  for (const thread of threadsOf(pid)) {
    const same = thread === pid ? block : await readBlock(`/proc/${pid}/task/${thread}/environ`);
    if (same !== "gone" && same.length > 0) return same;
  }
  return block;
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

async function readBlock(path: string): Promise<Buffer | "gone" | "unreadable"> {
  try {
    return await readWhole(path);
  } catch (error) {
    if (isGone(error)) return "gone";
    if (isForbidden(error)) return "unreadable";
    throw error;
  }
}

async function readWhole(path: string): Promise<Buffer> {
  const file = await openAsync(path);
  try {
    const parts: Buffer[] = [];
    for (;;) {
      const part = await readAsync(file, Buffer.allocUnsafe(16_384));
      if (part.length === 0) return Buffer.concat(parts);
      parts.push(part);
    }
  } finally {
    close(file);
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

function openAsync(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, "r", (error, file) => (error === null ? resolve(file) : reject(error)));
  });
}

function readAsync(file: number, into: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    read(file, into, 0, into.length, null, (error, length) =>
      error === null ? resolve(into.subarray(0, length)) : reject(error),
    );
  });
}

function isGone(error: unknown): boolean {
  return hasCode(error, "ENOENT", "ESRCH");
}

function isForbidden(error: unknown): boolean {
  return hasCode(error, "EACCES", "EPERM");
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

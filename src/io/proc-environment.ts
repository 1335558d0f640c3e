/** The environment of other processes, as /proc shows it. */
import { close, open, read, readdirSync } from "node:fs";
import { isForbidden, isGone, readStatText } from "./proc.ts";

const blockSize = 16_384;

/**
 * The environment block of a process, empty when it wiped it or is in the middle of exec. Asynchronous, because the kernel
 * must look into the memory of that process and waits while somebody holds the lock of it: the answer may never come.
 */
export async function readEnvironment(pid: number): Promise<Buffer | "gone" | "unreadable"> {
  const block = await readBlock(`/proc/${pid}/environ`);
  if (block === "unreadable" || (block !== "gone" && block.length > 0)) return block;
  if (whyNoEnvironment(pid) === "none") return block; // all its threads share this memory
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
      const part = await readAsync(file, Buffer.allocUnsafe(blockSize));
      parts.push(part);
      // The kernel fills a buffer as far as the environment goes (environ_read in fs/proc/base.c).
      if (part.length < blockSize) return Buffer.concat(parts);
    }
  } finally {
    close(file);
  }
}

/**
 * Why the environment of a process was read as empty: it was in exec or is ending (`between`), it never got one (`none`), or
 * it is `gone`. env_start and env_end (fields 50 and 51 of /proc/PID/stat) are 0 as long as there is no new stack, and differ
 * when an exec that was under way is over by now: then there is something to read. Throws as readStat does.
 */
export function whyNoEnvironment(pid: number): "between" | "none" | "gone" {
  const text = readStatText(pid);
  if (text === null) return "gone";
  const [start, end] = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .slice(47, 49);
  return end === "0" || start !== end ? "between" : "none";
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

/** Facts about processes that the tests look up themselves, without the code under test. Linux. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

/** Fields of /proc/PID/stat from the state on; null when there is no such process. */
function stat(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null; // no such process
  }
}

/** It exists, and is no zombie. */
export function isAlive(pid: number): boolean {
  const fields = stat(pid);
  return fields !== null && (!"ZX".includes(fields[0] ?? "") || Number(fields[17]) > 1);
}

export function parentOf(pid: number): number {
  return Number(stat(pid)?.[1] ?? 0);
}

export function childrenOf(pid: number): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((child) => parentOf(child) === pid);
}

export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ESRCH");
    }
  }
}

/** Waits for a fact; fails only when it has not come true for so long that it never will. */
export async function until(fact: () => boolean, what: string, patience = 30_000): Promise<void> {
  const end = performance.now() + patience;
  while (!fact()) {
    assert.ok(performance.now() < end, `still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

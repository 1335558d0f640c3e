/** The guard's last service: it has Lease and candidacy of a leader-exec that died given back, by a process that ends soon. */
import type { ChildProcess } from "node:child_process";
import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";
import type { Orphaned } from "./guard-duty.ts";
import { readStat } from "./proc.ts";
import { parseOrder, type ReleaseTask } from "./release-order.ts";
import { sendSignal } from "./send-signal.ts";
import type { TreeRoot } from "./tree.ts";

/** Between the end of its pipe and its own, a process has only to be taken apart by the kernel. */
const looksEvery: Millis = 3;
/** Where leader-exec's stderr is open in the guard and in the process that it starts. */
export const leaderStderr = 3;

/**
 * Resolves when that process has ended, or cannot be had: then the Lease is left to expire. It is not started before leader-exec
 * itself is certainly dead: a pipe can be closed by more than death.
 */
export async function releaseOnBehalf(orphaned: Orphaned, clock: Clock, program: readonly string[]): Promise<void> {
  const { leader, until } = orphaned;
  if (!isWorthIt(orphaned)) return;
  while (!isDead(leader)) {
    if (clock.now() >= until) return;
    await new Promise((resolve) => setTimeout(resolve, looksEvery));
  }
  const child = start(orphaned, program);
  if (child === null) return;
  // Its whole session: a credential plugin that hangs goes with it.
  const limit = setTimeout(() => sendSignal(-(child.pid ?? 0), "SIGKILL"), Math.max(0, until - clock.now()));
  await new Promise((resolve) => child.on("exit", resolve).on("error", resolve));
  clearTimeout(limit);
}

/** A leader-exec that stood by leaves nothing behind where the server does not elect. */
function isWorthIt({ term, order }: Orphaned): boolean {
  return term !== null || parseOrder(order).release.isCandidate;
}

/** No thread of it can begin anything any more. False when it cannot be told. */
function isDead({ pid, startTime }: TreeRoot): boolean {
  try {
    const stat = readStat(pid);
    return stat === null || stat.ended || stat.startTime !== startTime;
  } catch {
    return false; // no descriptor to be had: asked again
  }
}

function start({ leader, term, order, until }: Orphaned, program: readonly string[]): ChildProcess | null {
  try {
    const { environment, folder, release } = parseOrder(order);
    const task: ReleaseTask = {
      ...release,
      term: term && { uid: term.uid, since: term.since },
      until,
      pid: leader.pid,
    };
    // Loaded only now: a guard pays for its memory all its life.
    const child = process.getBuiltinModule("node:child_process").spawn(process.execPath, program, {
      detached: true,
      cwd: folder,
      env: environment,
      stdio: ["pipe", "ignore", "ignore", leaderStderr],
    });
    child.stdin?.on("error", () => undefined).end(JSON.stringify(task)); // a broken pipe: `exit` tells it too
    return child;
  } catch {
    return null; // out of memory or descriptors
  }
}

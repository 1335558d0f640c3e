/** What others may know about a candidate: whether it is healthy, whether it is ready, and who leads. */
import type { StoredLease } from "./lease.ts";
import type { Hold, State } from "./state.ts";
import type { Millis, Timing } from "./types.ts";

/** How late the loop may turn: far more than a busy machine needs, and less than the shortest lease duration. */
const lateLoop: Millis = 3_000;

/**
 * What is wrong with us, as a sentence; null: nothing. The rule for the Lease is that of client-go's watchdog (LeaderHealthzAdaptor),
 * without its tolerance: our command has to be gone before the lease duration is over, so whoever leads then is broken.
 * @param dueAt when the loop had to turn at the latest
 */
export function healthFlaw(state: State, dueAt: Millis, at: Millis, { leaseDuration }: Timing): string | null {
  const late = at - dueAt;
  if (late > lateLoop) return `the election loop should have turned ${whole(late)} ago and did not`;
  if (state.phase === "leading" || state.phase === "stopping") {
    const age = state.hold === null ? 0 : at - state.hold.sentAt;
    if (age > leaseDuration)
      return `leading with a stale Lease: it was last renewed ${whole(age)} ago, and others may take it after ${whole(leaseDuration)}`;
  }
  if (state.phase === "stopping" && state.hold === null && state.elected && state.killing !== null) {
    const alive = at - state.killing.since;
    if (alive > lateLoop)
      return `the Lease is somebody else's, and the process tree is still there ${whole(alive)} after SIGKILL`;
  }
  return null;
}

/** Why we are not ready, as a sentence; null: we are. Whoever could not even look at the Lease cannot take over. */
export function unreadiness(state: State, readyWhen: "standby" | "leading"): string | null {
  if (readyWhen === "leading")
    return isCommandRunning(state) ? null : "the command does not run here (--ready-when leading)";
  if (state.phase === "standby" && !state.contact) return "the Lease was not seen yet";
  return null;
}

/** Leading, or without election, and not about to stop. A leader with a schedule leads between two ticks, too. */
export function isCommandRunning(state: State): boolean {
  if (state.phase === "leading" && state.plan !== null) return true;
  if (state.phase === "stopping" && state.resume !== null) return true;
  return (state.phase === "leading" || state.phase === "direct") && state.command === "running";
}

/** The Lease is ours: from the confirmed acquisition until the process tree is gone, or the Lease is lost. */
export function holdIn(state: State): Hold | null {
  return state.phase === "leading" || state.phase === "stopping" ? state.hold : null;
}

/** The Lease as we know it; null: unseen, missing or not ours to tell any more. */
export function leaseIn(state: State): StoredLease | null {
  switch (state.phase) {
    case "standby":
      return state.view.kind === "found" ? state.view.lease : null;
    case "leading":
      return state.hold.lease;
    case "stopping":
      return state.hold?.lease ?? null;
    case "releasing":
      return state.lease;
    case "direct":
    case "finished":
      return null;
  }
}

function whole(span: Millis): string {
  return `${Math.round(span / 1000)} s`;
}

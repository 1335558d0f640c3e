import type { Millis, Timing } from "./types.ts";

/** k: what killing a tree and confirming its death may take. */
const killTime: Millis = 1_000;
/** m: what a timer, a tick or a scheduler may be late. */
const timerSlack: Millis = 500;
/** eps: how much faster the clock of another candidate may run. */
const clockDrift = 0.01;

/** The share of a lease duration in which the holder must be done, and what it needs to be done: for the start-up checks. */
export const safeShare = 1 - clockDrift;
export const killMargin: Millis = killTime + timerSlack;

/** The three instants that follow from one acknowledged write, on the candidate's own clock. */
export interface Deadlines {
  /** Everything must be dead before this: from then on somebody else may lead. */
  readonly expiry: Millis;
  /** SIGKILL the tree, whatever else is going on. */
  readonly kill: Millis;
  /** Stop signal, unless a renewal succeeded before. */
  readonly term: Millis;
}

/**
 * Counts from when the write was *sent*, because other candidates may have seen it any time after that.
 * @param span how long everybody leaves the Lease alone from then on: the lease duration in the record that was written, or less where
 * the server takes it by its own clock (server-taker.ts)
 */
export function deadlines(sentAt: Millis, span: Millis, timing: Timing): Deadlines {
  const expiry = sentAt + span * safeShare;
  const kill = expiry - killMargin;
  const term = Math.min(sentAt + timing.renewDeadline, kill - timing.killAfter);
  return { expiry, kill, term };
}

/** When a request that is sent now must be answered: a third of the renew deadline leaves time for two more attempts. */
export function requestDeadline(now: Millis, latest: Millis, timing: Timing): Millis {
  return Math.min(now + timing.renewDeadline / 3, latest);
}

/** A command is started only while at least half of the time up to `term` is left; else the Lease is renewed first. */
export function freshEnoughToStart(now: Millis, sentAt: Millis, term: Millis): boolean {
  return term - now >= (term - sentAt) / 2;
}

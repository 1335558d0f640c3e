import { isOwn } from "./election.ts";
import type { LeaseRecord } from "./lease.ts";
import type { Turn } from "./types.ts";

/**
 * The record of an acquisition. On our own name (an earlier write of ours was applied, its answer lost) the term goes on;
 * renewTime then moves by a whole second at least, because client-go sees no smaller change.
 */
export function acquiredRecord(before: LeaseRecord | null, turn: Turn): LeaseRecord {
  const { me } = turn;
  const own = before !== null && isOwn(before, me);
  return {
    holder: me.identity,
    durationSeconds: me.timing.leaseDuration / 1000,
    acquireTime: own ? (before.acquireTime ?? turn.wall) : turn.wall,
    renewTime: own ? Math.max(turn.wall, (before.renewTime ?? 0) + 1000) : turn.wall,
    transitions: before === null ? 0 : own ? before.transitions : nextTransitions(before.transitions),
    markedBy: me.identity,
    holdUntil: null,
    done: before?.done ?? null,
    lastTick: before?.lastTick ?? null,
    stepDown: null,
  };
}

/** leaseTransitions after somebody else's term; an int32 on the wire, so it stays where it cannot grow. */
export function nextTransitions(before: number): number {
  return Math.min(before + 1, 2 ** 31 - 1);
}

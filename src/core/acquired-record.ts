import { isOwn } from "./election.ts";
import { isNamed, withoutRequest } from "./elector.ts";
import type { LeaseRecord } from "./lease.ts";
import type { Turn } from "./types.ts";

/**
 * The record of an acquisition. On our own name (an earlier write of ours was applied, its answer lost) the term goes on;
 * renewTime then moves by a whole second at least, because client-go sees no smaller change. A term that the server began with our
 * name is ours from its beginning: it has no acquireTime yet, its renewTime is by the server's clock and never goes back, and its count stays.
 */
export function acquiredRecord(before: LeaseRecord | null, turn: Turn): LeaseRecord {
  const { me } = turn;
  const own = before !== null && isOwn(before, me);
  const named = before !== null && isNamed(before, turn);
  return {
    holder: me.identity,
    durationSeconds: me.timing.leaseDuration / 1000,
    acquireTime: own ? (before.acquireTime ?? turn.wall) : turn.wall,
    renewTime: own
      ? Math.max(turn.wall, (before.renewTime ?? 0) + 1000)
      : Math.max(turn.wall, named ? (before.renewTime ?? 0) : 0),
    transitions: before === null ? 0 : own || named ? before.transitions : nextTransitions(before.transitions),
    coordination: before === null ? null : own || named ? before.coordination : withoutRequest(before),
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

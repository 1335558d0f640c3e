/**
 * The pause after a run (as ShedLock's lockAtLeastFor): the release leaves the instant up to which leader-exec candidates hold back.
 * It is a time of the server's clock, the only one that all candidates share: the `Date` of its answers, which is cut to whole
 * seconds. Every rounding makes the pause longer.
 */
import { safeShare } from "./deadlines.ts";
import type { LeaseRecord } from "./lease.ts";
import type { Ending } from "./state.ts";
import type { Millis, Turn } from "./types.ts";

/** `Date` has no fractions: the server's clock is ahead of it by less than this. */
export const dateStep: Millis = 1_000;

/** What a hold remembers of the pause that its release will ask for. */
export interface Pause {
  /** On the server's clock. */
  readonly until: Millis;
  /** The same on our own clock: from then on there is nothing to ask for. */
  readonly over: Millis;
}

/** The pause that begins with an acquisition; null when none was asked for. Our own time of day stands in for a server that tells none. */
export function pauseFrom(serverTime: Millis | undefined, turn: Turn): Pause | null {
  const span = turn.me.job.holdAtLeast;
  if (span === 0) return null;
  return { until: (serverTime ?? turn.wall) + dateStep + span, over: turn.at + (dateStep + span) / safeShare };
}

const withoutRun = new Set<Ending["kind"]>(["command-not-started", "stopped-standby", "done-before", "once-refused"]);

/** What the release has to leave behind: nothing when no command ran. */
export function pauseToLeave(pause: Pause | null, ending: Ending, turn: Turn): Millis | null {
  const ran = !withoutRun.has(ending.kind) && !(ending.kind === "stepped-down" && ending.end === null);
  return pause !== null && ran && turn.at < pause.over ? pause.until : null;
}

/**
 * When the pause in a record is over, on our own clock: -Infinity when there is none.
 * @param serverTime by the answer that brought the record; null: a watch told of it, which names no time
 * @param known what was known about the same pause before
 * @returns Infinity: the server has to be asked first
 */
export function heldBackUntil(
  { holdUntil }: LeaseRecord,
  serverTime: Millis | null,
  known: Millis,
  turn: Turn,
): Millis {
  if (holdUntil === null) return -Infinity;
  if (serverTime === null) return known;
  return holdUntil <= serverTime ? -Infinity : turn.at + (holdUntil - serverTime) / safeShare;
}

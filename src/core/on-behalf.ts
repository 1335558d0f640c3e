/**
 * A release on behalf of a leader-exec that died, by whoever has seen that it is dead and that its tree is gone. It is the same
 * compare-and-swap as that of releasing.ts, on a version that was just read: so the holder is looked at first, every time.
 */
import { safeShare } from "./deadlines.ts";
import { withoutRequest } from "./elector.ts";
import { dateStep } from "./hold-back.ts";
import type { Answered, Write } from "./lease.ts";
import { releasedRecord } from "./released-record.ts";
import type { Millis, Moment } from "./types.ts";

/** The term that the dead one had. */
export interface Estate {
  /** Its own alone: no other process ever writes this name. */
  readonly identity: string;
  readonly uid: string;
  /** When it began at the latest, on the clock of this machine. */
  readonly since: Millis;
  readonly holdAtLeast: Millis;
}

/**
 * The write that releases; null when the Lease is another one, or not (any more) the dead one's.
 * @param now `at`: when the Lease was asked for; the server told its time after that, and a slow answer must not make a pause shorter
 */
export function releaseFor(estate: Estate, found: Answered, now: Pick<Moment, "at" | "wall">): Write | null {
  const { record, uid } = found.lease;
  if (uid !== estate.uid || record.holder !== estate.identity || record.markedBy !== estate.identity) return null;
  // It did not live to tell that its command had done its work, so nothing is added to what is recorded as done.
  const { done, lastTick } = record;
  const bequest = { holdUntil: pauseLeft(estate, found, now), done, lastTick, coordination: withoutRequest(record) };
  return { base: found.lease, record: releasedRecord(record.transitions, bequest, now) };
}

/** What is left of the pause that the run asked for (hold-back.ts), on the server's clock: counted back from now, and rounded up. */
function pauseLeft(
  { since, holdAtLeast }: Estate,
  { serverTime }: Answered,
  { at, wall }: Pick<Moment, "at" | "wall">,
): Millis | null {
  if (holdAtLeast === 0) return null;
  const ahead = dateStep + holdAtLeast - (at - since) * safeShare;
  return ahead > 0 ? (serverTime ?? wall) + ahead : null;
}

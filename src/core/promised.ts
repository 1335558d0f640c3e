/** For how long a record promises its holder the Lease. */
import { isFree, type View } from "./election.ts";
import type { LeaseRecord } from "./lease.ts";
import type { Candidate, Millis } from "./types.ts";

function sameTerm(a: LeaseRecord, b: LeaseRecord): boolean {
  return a.transitions === b.transitions && (a.holder === b.holder || b.holder === "");
}

/**
 * How long the holder may be at work after this record. Within a term the longest duration counts, so that a hand that
 * shortens it takes nothing back; a renewal by the holder itself takes back what a hand had made longer than ours.
 */
export function promised(before: (View & { kind: "found" }) | null, record: LeaseRecord, me: Candidate): Millis {
  const now = durationOf(record, me);
  if (before === null || !sameTerm(before.lease.record, record)) return now;
  const renewed = record.holder !== "" && (record.renewTime ?? 0) > (before.lease.record.renewTime ?? Infinity);
  return Math.max(now, renewed ? Math.min(before.duration, me.timing.leaseDuration) : before.duration);
}

/**
 * So long somebody may be at work who took the Lease after it was seen for the last time. That the server had named somebody, for 5 s, tells
 * nothing of the duration with which he confirmed it: our own is the best guess.
 */
export function promisedUnseen({ lease, duration }: View & { kind: "found" }, me: Candidate): Millis {
  return isUnconfirmed(lease.record) ? Math.max(duration, me.timing.leaseDuration) : duration;
}

/** As the server writes it: it takes the acquireTime away, and knows no mark. */
export function isUnconfirmed({ holder, coordination, acquireTime }: LeaseRecord): boolean {
  return holder !== "" && coordination !== null && acquireTime === null;
}

/**
 * Zero, null and missing durations: our own. So is that of a release: its 1 s tells nothing of the term. Nor do the 5 s of who is named over a
 * mark of his own: a hand had cleared him.
 */
function durationOf(record: LeaseRecord, me: Candidate): Millis {
  const { durationSeconds, holder, markedBy } = record;
  if (durationSeconds === null || isFree(record)) return me.timing.leaseDuration;
  if (isUnconfirmed(record) && markedBy === holder) return Math.max(durationSeconds * 1000, me.timing.leaseDuration);
  return durationSeconds * 1000;
}

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

/** Zero, null and missing durations: our own. So is that of a release: its 1 s tells nothing of the term. */
function durationOf(record: LeaseRecord, me: Candidate): Millis {
  if (record.durationSeconds === null || isFree(record)) return me.timing.leaseDuration;
  return record.durationSeconds * 1000;
}

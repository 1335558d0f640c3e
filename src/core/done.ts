/**
 * `--once KEY`: what the annotation `leader-exec/done` says about a key, and what a success makes of it. An entry is forgotten by its
 * own time alone, on the server's clock. What cannot be read is never written over.
 */
import { dateStep } from "./hold-back.ts";
import type { View } from "./election.ts";
import type { Once } from "./job.ts";
import type { Done, StoredLease } from "./lease.ts";
import type { Ending } from "./state.ts";
import type { Millis, Turn } from "./types.ts";

/** Each is about 100 bytes, which every candidate that watches the Lease is told again with each renewal. */
export const mostKeys = 200;

/** Why a success could not be recorded, so that it is not even tried. */
export type Flaw = "unreadable" | "newer" | "full";

/** What ends a candidate without a run: its key is done, or could not be recorded. `serverTime` null: a watch told of it. */
export function needlessRun(done: Done | null, serverTime: Millis | null, turn: Turn): Ending | null {
  const { once } = turn.me.job;
  if (once === null || done === null) return null;
  if (done.kind !== "keys") return { kind: "once-refused", once, flaw: done.kind };
  const { keys } = done;
  const known = keys.get(once.hash);
  // A time that is not told is later than all: a read will tell, see `isUnclear`.
  const now = serverTime ?? latest;
  if (known !== undefined && known.until > now) return { kind: "done-before", once, at: known.at };
  const lasting = [...keys.values()].filter(({ until }) => until > now);
  return lasting.length < mostKeys ? null : { kind: "once-refused", once, flaw: "full" };
}

/** Whether our key is done depends on the server's time, which a watch does not tell. `before`: what has not ended us. */
export function isUnclear(before: View, { record }: StoredLease, { me }: Turn): boolean {
  const { once } = me.job;
  if (once === null) return false;
  const until = untilOf(record.done, once);
  return until !== null && until !== Infinity && untilOf(doneIn(before), once) !== until;
}

/** What is recorded on the Lease as it was last seen. */
export function doneIn(view: View): Done | null {
  return view.kind === "found" ? view.lease.record.done : null;
}

function untilOf(done: Done | null, { hash }: Once): Millis | null {
  return done?.kind === "keys" ? (done.keys.get(hash)?.until ?? null) : null;
}

/** The record with this success in it, and without what is over; as it was, when it cannot be read. */
export function withDone(done: Done | null, { once: { hash, ttl }, at }: Success): Done {
  if (done !== null && done.kind !== "keys") return done;
  const kept = [...(done?.keys ?? [])].filter(([, { until }]) => until > at);
  return { kind: "keys", keys: new Map([...kept, [hash, { at, until: at + dateStep + ttl }]]), text: null };
}

/** Whether this success is on the Lease; an entry of before it, which was over when it began, is none. */
export function isRecorded(done: Done | null, { once, at }: Success): boolean {
  return (untilOf(done, once) ?? -Infinity) > at;
}

type Success = Ending & { kind: "succeeded" };

/** Before Infinity, after every time that a record can name. */
const latest: Millis = Number.MAX_VALUE;

/** What the Lease says, to somebody who is about to contend for it. Pure. */
import type { ReadResult, StoredLease } from "../core/lease.ts";
import type { Millis, Timing } from "../core/types.ts";
import { formatTime } from "../core/time-of-day.ts";
import { formatDuration } from "../duration.ts";
import { note, ok, problemOf, type Facts, type Finding } from "./finding.ts";

export interface LeaseView {
  /** "default/worker" */
  readonly lease: string;
  readonly timing: Timing;
  /** By the clock of the store. */
  readonly now: Millis;
}

/** The holder, the fencing token, and what differs from these flags. */
export function judgeLease(read: ReadResult, { lease, timing, now }: LeaseView): Finding {
  if (read.kind === "missing")
    return ok("lease", `there is no Lease ${lease} yet; the first candidate creates it`, { holder: null });
  if (read.kind === "failed")
    return read.reason === "forbidden" ? note("lease", `${lease} may not be read`) : problemOf("lease", read.message);
  const { record, version } = read.lease;
  const facts = factsOf(read.lease);
  const token = `the next fencing token is above ${version}`;
  const held =
    record.holdUntil !== null && record.holdUntil > now ? `, held back until ${formatTime(record.holdUntil)}` : "";
  if (record.holder === "") return ok("lease", `nobody holds ${lease}${held}; ${token}`, facts);
  const by = record.markedBy === record.holder ? "a leader-exec" : "not a leader-exec";
  const said = `${lease} is held by ${record.holder} (${by})${since(record.acquireTime)}`;
  const age = record.renewTime === null ? null : now - record.renewTime;
  const duration = record.durationSeconds === null ? timing.leaseDuration : record.durationSeconds * 1000;
  const renewed = age === null ? "never renewed" : `renewed ${formatDuration(tenths(age))} ago`;
  if (age === null || age > duration)
    return note(
      "lease",
      `${said}, ${renewed}, and has expired: the next candidate takes it over; ${token}`,
      undefined,
      facts,
    );
  if (duration !== timing.leaseDuration)
    return note(
      "lease",
      `${said}, ${renewed}; its lease duration is ${formatDuration(duration)}, and that of these flags ${formatDuration(timing.leaseDuration)}; ${token}`,
      "give all candidates the same times",
      facts,
    );
  return ok("lease", `${said}, ${renewed}; ${token}`, facts);
}

const since = (time: Millis | null): string => (time === null ? "" : ` since ${formatTime(time)}`);

const tenths = (age: Millis): Millis => Math.max(0, Math.round(age / 100) * 100);

function factsOf({ record, version }: StoredLease): Facts {
  return {
    holder: record.holder,
    leaderExec: record.markedBy === record.holder,
    durationSeconds: record.durationSeconds,
    transitions: record.transitions,
    fencingTokenAbove: version,
  };
}

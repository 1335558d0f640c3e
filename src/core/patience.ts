/** Candidates that do not wait for ever: when they give up, and what stood in their way. */
import { isOwn, type View } from "./election.ts";
import { dateStep } from "./hold-back.ts";
import type { Obstacle } from "./job.ts";
import type { LeaseRecord } from "./lease.ts";
import type { Candidate, Millis, Turn } from "./types.ts";

type Found = View & { kind: "found" };

/** So much a holder's clock may be ahead of the server's, for its renewTime to tell anything. */
const ahead: Millis = 1_000;

/** When a limited wait is over, on our own clock. */
export function patienceEnd({ job: { patience } }: Candidate): Millis {
  return patience.kind === "limited" ? patience.until : Infinity;
}

/**
 * For a candidate that does not wait: what it has just seen in its way; null when the Lease may still become its own.
 *
 * A crashed holder leaves its name behind, and whoever starts now sees that record for the first time. So a record that the
 * server's clock says is over is watched for its duration by our own clock like any other, and nothing but a change of it
 * proves that somebody is there.
 * @param before what was known before
 * @param serverTime null: unknown, and then the record proves nothing
 */
export function obstacleInSight(before: View, view: View, serverTime: Millis | null, turn: Turn): Obstacle | null {
  if (turn.me.job.patience.kind !== "none" || view.kind !== "found") return null;
  const { record } = view.lease;
  if (isOwn(record, turn.me)) return null;
  const isNews = before.kind === "missing" || (before.kind === "found" && before.seenAt !== view.seenAt);
  if (record.holder === "") {
    if (isNews && !sameTerm(before, view)) return { kind: "overtaken" };
    return view.released && isHeldBack(view, turn) ? obstacleIn(view, serverTime, turn) : null;
  }
  const isAlive = isNews || (view.seenAt === turn.at && looksAlive(record, view.duration, serverTime));
  return isAlive ? obstacleIn(view, serverTime, turn) : null;
}

/** What stands between a candidate and the Lease now. */
export function obstacleIn(view: View, serverTime: Millis | null, turn: Turn): Obstacle {
  if (view.kind !== "found") return { kind: "unclear" };
  const { holder, acquireTime } = view.lease.record;
  if (holder !== "") {
    const now = serverTime ?? turn.wall;
    return { kind: "held", holder, heldFor: acquireTime === null ? null : Math.max(0, now - acquireTime) };
  }
  if (isHeldBack(view, turn)) return { kind: "held-back", left: view.heldBackUntil - turn.at };
  return { kind: "unclear" };
}

/** Not yet known (Infinity) is none yet. */
function isHeldBack({ heldBackUntil }: Found, turn: Turn): boolean {
  return turn.at < heldBackUntil && heldBackUntil !== Infinity;
}

/** By the server's clock, and surely so: what is not sure is watched. */
function looksAlive({ renewTime }: LeaseRecord, duration: Millis, serverTime: Millis | null): boolean {
  if (renewTime === null || serverTime === null) return false;
  const latest = serverTime + dateStep;
  return renewTime + duration > latest && renewTime <= latest + ahead;
}

function sameTerm(before: View, { lease }: Found): boolean {
  if (before.kind !== "found") return false;
  return before.lease.uid === lease.uid && before.lease.record.transitions === lease.record.transitions;
}

/**
 * What a standby makes of the Lease it sees: wait, and until when, or take it, and how. Expiry is judged by the
 * candidate's own clock alone, from when it first saw a content; the times in the record are never compared with it.
 */
import { acquiredRecord } from "./acquired-record.ts";
import { earlierUntil, reckonsWithServer } from "./earlier.ts";
import { isOurs, mayTakeAt, originOf } from "./elector.ts";
import { heldBackUntil } from "./hold-back.ts";
import type { Done, LeaseRecord, StoredLease, Write } from "./lease.ts";
import { promised, promisedUnseen } from "./promised.ts";
import { raceJitter } from "./race.ts";
import type { AcquiredFrom, Candidate, Millis, Turn, WaitsFor } from "./types.ts";

/** What a candidate knows about the Lease. */
export type View =
  /** `duration`: so long somebody may be at work of whom we do not know, if it turns out to be missing; 0: no Lease was ever seen. */
  | { readonly kind: "unknown"; readonly duration: Millis }
  /** `after`: the last version known before it was deleted; older news are stale. `done`, `lastTick`: what had been recorded there. */
  | {
      readonly kind: "missing";
      readonly freeAt: Millis;
      readonly jitter: Millis;
      readonly after: string | null;
      readonly done: Done | null;
      readonly lastTick: string | null;
    }
  | {
      readonly kind: "found";
      readonly lease: StoredLease;
      /** When this content was seen for the first time. */
      readonly seenAt: Millis;
      /** The longest duration seen in this holder's term: a shortened record does not shorten what was promised. */
      readonly duration: Millis;
      /** Its last holder gave it back: nobody can be at work. */
      readonly released: boolean;
      /** Holders before this one may be at work until then. */
      readonly earlier: Millis;
      /** The holder counts with a server that takes the Lease by its own clock. */
      readonly reckons: boolean;
      /** Its last run asked for a pause until then; Infinity: by the server's clock, which has to be read first. */
      readonly heldBackUntil: Millis;
      readonly jitter: Millis;
    };

export type Decision =
  | { readonly kind: "look" }
  /** `waits` "earlier": the server has named us, and the time of a holder before is not over. */
  | { readonly kind: "wait"; readonly until: Millis; readonly holder: string; readonly waits: WaitsFor }
  | { readonly kind: "acquire"; readonly from: AcquiredFrom; readonly write: Write };

/** What a Lease that was never seen has recorded. */
const nothing = { done: null, lastTick: null };

/**
 * The view after the Lease was seen.
 * @param lostRaces how often in a row this candidate tried to acquire and somebody else was faster
 * @param serverTime by the answer that brought the Lease; null: a watch told of it
 */
export function observe(
  view: View,
  lease: StoredLease,
  lostRaces: number,
  turn: Turn,
  serverTime: Millis | null = null,
): View {
  const before = view.kind === "found" ? view : null;
  const samePause = before?.lease.record.holdUntil === lease.record.holdUntil;
  const pause = heldBackUntil(lease.record, serverTime, samePause ? before.heldBackUntil : Infinity, turn);
  if (before?.lease.fingerprint === lease.fingerprint && before.lease.uid === lease.uid)
    return { ...before, lease, heldBackUntil: pause };
  return {
    kind: "found",
    heldBackUntil: pause,
    lease,
    seenAt: turn.at,
    duration: promised(before, lease.record, turn.me),
    released: isReleased(before, lease),
    earlier: earlierUntil(view, lease, before === null ? -Infinity : holderUntil(before, turn.me), turn),
    reckons: reckonsWithServer(before, lease),
    jitter: raceJitter(lostRaces, turn),
  };
}

/**
 * The view after the Lease was found missing: whoever held it may still run for the duration last seen. When it was free as far
 * as we know, somebody may have taken it before it was deleted: then our own duration is the best guess.
 */
export function observeMissing(view: View, lostRaces: number, turn: Turn): View {
  if (view.kind === "missing") return view;
  const jitter = raceJitter(lostRaces, turn);
  if (view.kind === "unknown")
    return { kind: "missing", freeAt: turn.at + view.duration, jitter, after: null, ...nothing };
  const { version: after, record } = view.lease;
  const { done, lastTick } = record;
  const freeAt = Math.max(view.earlier, turn.at + promisedUnseen(view, turn.me));
  return { kind: "missing", freeAt, jitter, after, done, lastTick };
}

/** What to do now. `wait` is final until the view changes or `until` comes. */
export function decide(view: View, turn: Turn): Decision {
  if (view.kind === "unknown") return { kind: "look" };
  if (view.kind === "missing") {
    const free = view.freeAt + view.jitter;
    const until = mayTakeAt(free, turn);
    if (turn.at < until) return { kind: "wait", until, holder: "", waits: turn.at < free ? "holder" : "election" };
    return {
      kind: "acquire",
      from: originOf(null, view.after === null ? "created" : "deleted", turn),
      write: { base: null, record: { ...acquiredRecord(null, turn), done: view.done, lastTick: view.lastTick } },
    };
  }
  const { lease } = view;
  const { holder } = lease.record;
  if (isOurs(lease.record, turn)) {
    // Our own write was right when it was sent. The server's word counts when nobody of before can be at work.
    if (turn.at < view.earlier && !isOwn(lease.record, turn.me))
      return { kind: "wait", until: view.earlier, holder: "", waits: "earlier" };
  } else {
    const free = Math.max(holderUntil(view, turn.me), view.earlier) + view.jitter;
    const until = mayTakeAt(Math.max(free, view.heldBackUntil), turn);
    if (turn.at < until) {
      const waits = turn.at < free ? "holder" : turn.at < view.heldBackUntil ? "pause" : "election";
      return { kind: "wait", until, holder: waits === "election" ? "" : holder, waits };
    }
  }
  const from = originOf(lease.record, holder === "" ? "released" : "expired", turn);
  return { kind: "acquire", from, write: { base: lease, record: acquiredRecord(lease.record, turn) } };
}

/** A write of ours: a hand or a program that puts our name in does not know our mark, and its holder may still be at work. */
export function isOwn({ holder, markedBy }: LeaseRecord, me: Candidate): boolean {
  return holder === me.identity && markedBy === me.identity;
}

/** True when version `a` is newer than `b`: both decimal strings of any length (resourceVersions have up to 64 bits). */
export function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}

/**
 * Nobody holds it. A holder that was cleared by hand (leader-exec's own release takes its mark away, client-go's writes
 * duration 1) may still run: such a Lease is not free before its duration is over.
 */
export function isFree(record: LeaseRecord): boolean {
  return record.holder === "" && (record.markedBy === null || record.durationSeconds === 1);
}

/**
 * Free by the hand of its holder. client-go's release under a leader-exec's mark is that of a term of client-go only when
 * such a term was seen: since 0.34 it also writes its release over the Lease of its successor, who goes on.
 */
function isReleased(before: (View & { kind: "found" }) | null, { record, uid }: StoredLease): boolean {
  if (record.holder !== "" || record.markedBy === null) return record.holder === "";
  if (before?.lease.uid !== uid || before.lease.record.transitions !== record.transitions) return false;
  const { holder, markedBy } = before.lease.record;
  return isFree(record) && (before.released || (holder !== "" && holder !== markedBy));
}

/** When the holder's time is over. A holder that is not leader-exec gets one retry period more. */
function holderUntil(view: View & { kind: "found" }, me: Candidate): Millis {
  const { record } = view.lease;
  if (view.released) return view.seenAt;
  const slack = record.holder === "" || record.markedBy === record.holder ? 0 : me.timing.retryPeriod;
  return view.seenAt + view.duration + slack;
}

/** Older than what is known: a watch that lags behind, or a read that a watch has overtaken. */
export function isStale(view: View, lease: StoredLease): boolean {
  if (view.kind === "unknown") return false;
  const known = view.kind === "found" ? view.lease.version : view.after;
  return known !== null && lease.version !== known && !isNewer(lease.version, known);
}

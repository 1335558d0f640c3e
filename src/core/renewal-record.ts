import { nextTransitions } from "./acquired-record.ts";
import type { LeaseRecord, StoredLease } from "./lease.ts";
import type { Hold } from "./state.ts";
import { askedByUser } from "./step-down.ts";
import { formatTime } from "./time-of-day.ts";
import type { Millis, Turn } from "./types.ts";

/**
 * What a renewal writes. renewTime follows our own clock from the anchor on, so that it never goes back when the wall clock
 * does. transitions and acquireTime stay, unless the holder had been emptied by hand: then it is an acquisition on the wire.
 * A Lease that is created anew gets the records of runs that the deleted one had.
 */
export function renewalRecord(hold: Hold, base: StoredLease | null, turn: Turn): LeaseRecord {
  const cleared = base?.record.holder === "";
  return {
    holder: turn.me.identity,
    durationSeconds: turn.me.timing.leaseDuration / 1000,
    acquireTime: cleared ? turn.wall : hold.lease.record.acquireTime,
    renewTime: Math.max(turn.wall, hold.anchor.wall + (turn.at - hold.anchor.at)),
    transitions: base === null ? 0 : cleared ? nextTransitions(base.record.transitions) : base.record.transitions,
    coordination: (base ?? hold.lease).record.coordination,
    markedBy: turn.me.identity,
    holdUntil: null,
    done: (base ?? hold.lease).record.done,
    stepDown: base === null ? null : askedByUser(base.record, turn),
    lastTick: hold.tick === null ? (base ?? hold.lease).record.lastTick : formatTime(hold.tick),
  };
}

/**
 * Whether other electors see this write: client-go compares times by whole seconds, and a write that changes nothing there
 * extends nothing there.
 */
export function seenByOthers(before: LeaseRecord | undefined, after: LeaseRecord): boolean {
  return before === undefined || asClientGo(before) !== asClientGo(after);
}

/** Somebody emptied the holder of `known`, and nobody has held the Lease since. */
export function clearedByHand(known: StoredLease, found: StoredLease): boolean {
  const sameTerm = found.uid === known.uid && found.record.transitions === known.record.transitions;
  return found.record.holder === "" && sameTerm;
}

/**
 * A change of version alone, by a label for example, asks nothing of a holder. Nor does another wish of the server of a holder who elects by
 * himself, or who knows of one: among equals it prefers now this one and now that one.
 */
export function sameContent(a: StoredLease, b: StoredLease, { elector }: Turn): boolean {
  const [one, two] = [a.record.coordination, b.record.coordination];
  const asks = [one, two].map((each) => (each?.preferredHolder ?? null) !== null);
  const sameWish = one?.strategy === two?.strategy && (elector.kind === "ourselves" || asks[0] === asks[1]);
  return a.fingerprint === b.fingerprint && a.uid === b.uid && sameWish;
}

function asClientGo(record: LeaseRecord): string {
  const { holder, durationSeconds, acquireTime, renewTime, transitions } = record;
  return [holder, durationSeconds, seconds(acquireTime), seconds(renewTime), transitions].join("|");
}

function seconds(time: Millis | null): number {
  return Math.floor((time ?? 0) / 1000);
}

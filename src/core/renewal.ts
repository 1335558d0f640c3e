/**
 * Keeping a Lease that is ours. One attempt at a time: replace; after a conflict read, and when the Lease still names us,
 * replace again on the version read. Every attempt has one deadline, and only an acknowledged write moves the deadlines.
 */
import { deadlines, requestDeadline } from "./deadlines.ts";
import { isNewer } from "./election.ts";
import { pauseFrom } from "./hold-back.ts";
import type { Answered, ReadResult, StoredLease, StoreFailure, WriteResult } from "./lease.ts";
import { clearedByHand, renewalRecord, sameContent, seenByOthers } from "./renewal-record.ts";
import { serverClock } from "./server-clock.ts";
import { leftAlone } from "./server-taker.ts";
import type { Hold, HoldRequest } from "./state.ts";
import type { Effect, Event, Millis, Turn } from "./types.ts";

/** A hold, and the last request id that was given out. */
export interface Kept {
  readonly hold: Hold;
  readonly ids: number;
}

/** What became of the hold. `lost`: the Lease is somebody else's (`""`: a holder whose name we did not read). */
export type Verdict =
  | (Kept & { readonly kind: "held"; readonly effects: readonly Effect[] })
  | { readonly kind: "lost"; readonly holder: string };

const firstRetry: Millis = 100;
const firstConflictRetry: Millis = 10;

/** The hold that follows from an acquiring write, sent at `sentAt` and acknowledged now. */
export function holdFrom(answer: Answered, sentAt: Millis, turn: Turn): Hold {
  const { lease, serverTime } = answer;
  const { timing } = turn.me;
  return {
    lease,
    sentAt,
    deadlines: deadlines(sentAt, leftAlone(answer, timing), timing),
    request: null,
    nextAttemptAt: sentAt + timing.retryPeriod,
    trouble: null,
    conflicts: 0,
    anchor: { at: turn.at, wall: Math.max(turn.wall, lease.record.renewTime ?? 0) },
    createUnanswered: false,
    server: serverClock(serverTime, turn),
    pause: pauseFrom(serverTime, turn),
    tick: null,
    stored: null,
  };
}

/** Sends the next renewal when it is due. `latest`: no answer is of use after it. */
export function renewIfDue({ hold, ids }: Kept, latest: Millis, turn: Turn): Verdict {
  const due = hold.request === null && turn.at >= hold.nextAttemptAt && turn.at < latest;
  if (!due) return held({ hold, ids });
  return sendWrite({ hold, ids }, hold.lease, requestDeadline(turn.at, latest, turn.me.timing), turn);
}

/**
 * What a watch told. Another holder in a newer version is final: what we sent before can only conflict with it. Whatever else
 * does not fit (null: a deletion) is looked at now; news that are not newer are ignored.
 */
export function verify({ hold, ids }: Kept, told: StoredLease | null, turn: Turn): Verdict {
  const fits = told !== null && (!isNewer(told.version, hold.lease.version) || sameContent(told, hold.lease, turn));
  if (!fits && told !== null && !isOurs(hold, told, turn)) return { kind: "lost", holder: told.record.holder };
  if (fits || hold.request !== null) return held({ hold, ids });
  return sendRead({ hold, ids }, turn.at + turn.me.timing.renewDeadline / 3);
}

/** The verdict on an answer; null when it answers nothing that is under way (an earlier term, an abandoned request). */
export function takeIn(kept: Kept, event: Event & { kind: "read" | "written" }, turn: Turn): Verdict | null {
  const { request } = kept.hold;
  if (request?.id !== event.id) return null;
  if (event.kind === "written") return request.kind === "write" ? written(kept, request, event.result, turn) : null;
  return request.kind === "read" ? read(kept, request, event.result, turn) : null;
}

function written({ hold, ids }: Kept, request: HoldWrite, result: WriteResult, turn: Turn): Verdict {
  const created = request.write.base === null;
  switch (result.kind) {
    case "stored":
      return renewed({ hold, ids }, request, result, turn);
    case "conflict":
      if (created && !hold.createUnanswered) return { kind: "lost", holder: "" };
      return sendRead({ hold: { ...hold, conflicts: hold.conflicts + 1 }, ids }, request.deadline);
    case "missing":
      return sendWrite({ hold, ids }, null, request.deadline, turn);
    case "failed":
      return failed({ hold: { ...hold, createUnanswered: hold.createUnanswered || created }, ids }, result, turn);
  }
}

/** Only our own name lets us go on. */
function read({ hold, ids }: Kept, request: HoldRead, result: ReadResult, turn: Turn): Verdict {
  if (result.kind === "failed") return failed({ hold, ids }, result, turn);
  if (result.kind === "missing") return sendWrite({ hold, ids }, null, request.deadline, turn);
  const { lease } = result;
  if (!isOurs(hold, lease, turn)) return { kind: "lost", holder: lease.record.holder };
  const idle: Hold = { ...hold, request: null };
  // Nothing changed: a conflict was none of versions then, but a webhook's or a proxy's word, and may come again and again.
  const isSame = lease.version === hold.lease.version;
  if (isSame && hold.conflicts === 0) return held({ hold: idle, ids });
  const adopted: Hold = isSame ? idle : { ...idle, lease };
  if (!isSame && hold.conflicts < 2) return sendWrite({ hold: adopted, ids }, lease, request.deadline, turn);
  const delay = Math.min(firstConflictRetry * 2 ** Math.max(0, hold.conflicts - 2), turn.me.timing.retryPeriod);
  return held({ hold: { ...adopted, nextAttemptAt: turn.at + delay }, ids });
}

type HoldWrite = HoldRequest & { kind: "write" };
type HoldRead = HoldRequest & { kind: "read" };

function held(kept: Kept, effects: readonly Effect[] = []): Verdict {
  return { kind: "held", ...kept, effects };
}

function isOurs(hold: Hold, lease: StoredLease, turn: Turn): boolean {
  return lease.record.holder === turn.me.identity || clearedByHand(hold.lease, lease);
}

function renewed({ hold, ids }: Kept, request: HoldWrite, answer: Answered, turn: Turn): Verdict {
  const { lease, serverTime } = answer;
  const { timing } = turn.me;
  const { base, record } = request.write;
  // Who did not look while the Lease was deleted compares with what was there before.
  const counts = seenByOthers((base ?? hold.lease).record, record);
  const until = counts ? deadlines(request.sentAt, leftAlone(answer, timing), timing) : hold.deadlines;
  const next: Hold = {
    ...hold,
    lease,
    sentAt: counts ? request.sentAt : hold.sentAt,
    deadlines: until,
    request: null,
    nextAttemptAt: request.sentAt + timing.retryPeriod,
    trouble: null,
    conflicts: 0,
    createUnanswered: false,
    server: serverClock(serverTime, turn),
    stored: request.tick,
  };
  const effects: Effect[] = counts ? [{ kind: "guard-until", killAt: until.kill }] : [];
  if (hold.trouble !== null) {
    effects.push({ kind: "report", report: { kind: "renewed-again", after: turn.at - hold.trouble.since } });
  }
  return held({ hold: next, ids }, effects);
}

/** Retry-After is honoured, but one more attempt before `term` is always made. */
function failed({ hold, ids }: Kept, failure: StoreFailure, turn: Turn): Verdict {
  const { timing } = turn.me;
  const { term } = hold.deadlines;
  const count = (hold.trouble?.count ?? 0) + 1;
  const soonest = turn.at + Math.min(firstRetry * 2 ** (count - 1), timing.retryPeriod);
  const asked = Math.min(turn.at + (failure.retryAfter ?? 0), term - timing.renewDeadline / 3);
  const trouble = { count, since: hold.trouble?.since ?? turn.at, message: failure.message };
  const report: Effect = {
    kind: "report",
    report: { kind: "renew-failed", message: failure.message, left: term - turn.at },
  };
  const next: Hold = { ...hold, request: null, trouble, nextAttemptAt: Math.max(soonest, asked) };
  return held({ hold: next, ids }, hold.trouble === null ? [report] : []);
}

function sendRead({ hold, ids }: Kept, deadline: Millis): Verdict {
  const id = ids + 1;
  return held({ hold: { ...hold, request: { kind: "read", id, deadline } }, ids: id }, [
    { kind: "read", id, deadline },
  ]);
}

function sendWrite({ hold, ids }: Kept, base: StoredLease | null, deadline: Millis, turn: Turn): Verdict {
  const id = ids + 1;
  const record = renewalRecord(hold, base, turn);
  const write = { base, record };
  const next: Hold = {
    ...hold,
    anchor: { at: turn.at, wall: record.renewTime ?? turn.wall },
    request: { kind: "write", id, sentAt: turn.at, write, deadline, tick: hold.tick },
  };
  return held({ hold: next, ids: id }, [{ kind: "write", id, write, deadline }]);
}

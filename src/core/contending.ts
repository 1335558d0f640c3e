/** What a standby does next, if nothing is under way: look at the Lease, or take it; and how long it pauses in trouble. */
import { requestDeadline } from "./deadlines.ts";
import { decide, observe, type View } from "./election.ts";
import type { StoredLease, StoreFailure } from "./lease.ts";
import { obstacleIn, patienceEnd } from "./patience.ts";
import { withdraw } from "./releasing.ts";
import type { Standby, StandbyRequest, State, Trouble } from "./state.ts";
import { parseTime } from "./time-of-day.ts";
import type { Effect, Millis, Turn } from "./types.ts";
import { giveUpAt, nothingToConfirm } from "./unconfirmed.ts";
import { noWatch } from "./watching.ts";
import { sayWake, untold } from "./who-leads.ts";

type Stepped = readonly [State, readonly Effect[]];

export const noTrouble: Trouble = { failures: 0, message: null };

/** The first read may have to wait for a slow credential plugin. Later ones must not hold up a take-over when they are lost. */
const firstReadTime: Millis = 10_000;
const beforeGivingUp: Millis = 50;
/** Before the store answered once, and where only somebody's help can end the trouble. */
const slowRetry = { first: 1_000, longest: 15_000 };
/** While standing by: quick enough to take over at most one retry period after the trouble is over. */
const firstRetry: Millis = 100;

/** A watch is asked for news after this share of the duration; not half, so that no look falls on the expiry. */
const silenceShare = 0.6;

/** A candidate that has done nothing yet; its first step reads the Lease. */
export function initial(turn: Turn): Standby {
  return {
    phase: "standby",
    ids: 0,
    view: { kind: "unknown", duration: 0 },
    request: null,
    watch: noWatch,
    doubted: false,
    lookAt: turn.at,
    mustLook: false,
    pauseUntil: turn.at,
    restUntil: -Infinity,
    startedAt: turn.at,
    contact: false,
    reads: noTrouble,
    acquires: noTrouble,
    lostRaces: 0,
    unconfirmed: nothingToConfirm,
    told: untold,
  };
}

/**
 * The same after a term: what was known of the Lease goes on to count, because whoever took it since may be at work although it was
 * deleted. It is read before anything is written.
 * @param lease as last known; null: it is somebody else's
 */
export function again(ids: number, lease: StoredLease | null, turn: Turn): Standby {
  const unknown: View = { kind: "unknown", duration: turn.me.timing.leaseDuration };
  const view = lease === null ? unknown : observe(unknown, lease, 0, turn);
  return { ...initial(turn), ids, view, contact: true, mustLook: true };
}

/** When the next thing is due that no event brings. */
export function standbyWake(state: Standby, turn: Turn): Millis {
  const end = Math.min(startupEnd(state, turn), patienceEnd(turn.me));
  if (state.request !== null) return end;
  const decision = decide(state.view, turn);
  const until = Math.max(decision.kind === "wait" ? decision.until : state.pauseUntil, state.restUntil);
  return Math.min(state.mustLook ? Infinity : until, state.lookAt, sayWake(state, turn), giveUpAt(state, turn), end);
}

/** Sends what is due now, if nothing is under way. */
export function proceed(state: Standby, effects: readonly Effect[], turn: Turn): Stepped {
  if (turn.at >= startupEnd(state, turn)) return startTrouble(state, "--startup-timeout", effects, turn);
  if (turn.at >= patienceEnd(turn.me)) return patienceOver(state, effects, turn);
  if (state.request !== null) return [state, effects];
  const id = state.ids + 1;
  if (turn.at >= state.lookAt) {
    const read: Effect = { kind: "read", id, deadline: readDeadline(state, turn) };
    return [{ ...state, ids: id, request: { kind: "read", id } }, [...effects, read]];
  }
  const decision = decide(state.view, turn);
  if (decision.kind !== "acquire" || state.mustLook || turn.at < Math.max(state.pauseUntil, state.restUntil))
    return [state, effects];
  const { write, from } = decision;
  const text = write.record.lastTick;
  if (turn.me.job.schedule !== null && text !== null && parseTime(text) === null) {
    const [next, more] = withdraw(state, { kind: "unreadable-tick", text }, turn);
    return [next, [...effects, ...more]];
  }
  const deadline = requestDeadline(turn.at, Infinity, turn.me.timing);
  const request: StandbyRequest = { kind: "acquire", id, sentAt: turn.at, write, from };
  return [{ ...state, ids: id, request }, [...effects, { kind: "write", id, write, deadline }]];
}

/** The Lease was not seen, and nothing that the store says leads on; an acquire under way is settled first. */
function startTrouble(
  state: Standby,
  limit: "--startup-timeout" | "--wait",
  effects: readonly Effect[],
  turn: Turn,
): Stepped {
  const message = state.reads.message ?? state.acquires.message ?? hopelessness(turn) ?? "the store has not answered";
  const waited = turn.at - state.startedAt;
  const [next, more] = withdraw(state, { kind: "start-trouble", message, waited, limit }, turn);
  return [next, [...effects, ...more]];
}

/** An acquire under way is settled first. Who has not even reached the Lease does not say that somebody else has it. */
function patienceOver(state: Standby, effects: readonly Effect[], turn: Turn): Stepped {
  const { patience } = turn.me.job;
  const troubled = state.view.kind === "unknown" || state.acquires.message !== null;
  if (state.request?.kind !== "acquire" && !state.contact && troubled)
    return startTrouble(state, "--wait", effects, turn);
  const obstacle = state.request?.kind === "acquire" ? ({ kind: "late" } as const) : obstacleIn(state.view, null, turn);
  const [next, more] = withdraw(state, { kind: "not-acquired", obstacle, patience }, turn);
  return [next, [...effects, ...more]];
}

/** After an acquire that did not succeed, nothing is written before the Lease was read again, nor before the pause is over. */
export function lookAgain(
  state: Standby,
  { lookAt, pauseUntil }: Pick<Standby, "lookAt" | "pauseUntil">,
  effects: readonly Effect[],
  turn: Turn,
): Stepped {
  return proceed({ ...state, mustLook: true, lookAt, pauseUntil }, effects, turn);
}

/** One more failure: how long to pause (doubling), and a report when the cause is a new one. */
export function failedAgain(
  before: Trouble,
  failure: StoreFailure,
  slow: boolean,
  turn: Turn,
): [Trouble, Millis, Effect[]] {
  const { message } = failure;
  const pace = slow ? slowRetry : { first: firstRetry, longest: turn.me.timing.retryPeriod };
  const doubled = Math.min(pace.first * 2 ** before.failures, pace.longest);
  const pause = Math.max(doubled, Math.min(failure.retryAfter ?? 0, slowRetry.longest));
  const report: Effect = { kind: "report", report: { kind: "store-trouble", message, retryIn: pause } };
  return [{ failures: before.failures + 1, message }, pause, message === before.message ? [] : [report]];
}

/** When to look although nothing was told: after a silence, or at the next poll. */
export function nextLook(state: Standby, turn: Turn): Millis {
  return state.watch.kind === "open" ? turn.at + silence(state.view, turn) : nextPoll(turn);
}

/** Every p to 2.2 p, as client-go does (JitterFactor 1.2). */
export function nextPoll(turn: Turn): Millis {
  return turn.at + turn.me.timing.retryPeriod * (1 + 1.2 * turn.chance);
}

/** How long a watch may tell nothing. */
export function silence(view: View, turn: Turn): Millis {
  return silenceShare * (view.kind === "found" ? view.duration : turn.me.timing.leaseDuration);
}

/** The first failure is to be known before we give up: it is what we then tell. */
function readDeadline(state: Standby, turn: Turn): Millis {
  const usual = state.contact ? requestDeadline(turn.at, Infinity, turn.me.timing) : turn.at + firstReadTime;
  const isKnown = state.reads.message !== null || state.acquires.message !== null;
  return isKnown ? usual : Math.min(usual, startupEnd(state, turn) - beforeGivingUp);
}

function startupEnd(state: Standby, turn: Turn): Millis {
  const { timing, job } = turn.me;
  const { startupTimeout } = timing;
  // Who does not wait for others is started again soon, and does not sit out an outage either.
  const goesOn =
    state.contact && hopelessness(turn) === null && (job.patience.kind !== "none" || state.reads.message === null);
  return goesOn || startupTimeout === 0 ? Infinity : state.startedAt + startupTimeout;
}

/** Why nobody could ever elect us (--coordinated=always). */
function hopelessness({ elector }: Turn): string | null {
  return elector.kind === "none" && elector.hopeless ? elector.message : null;
}

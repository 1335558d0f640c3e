/** Leading: the command runs while renewals succeed in time; whatever ends that goes through `stopping`. */
import { again } from "./contending.ts";
import { freshEnoughToStart } from "./deadlines.ts";
import { isNewer } from "./election.ts";
import { giveUp, isInVain } from "./in-vain.ts";
import type { Answered, StoredLease } from "./lease.ts";
import { needlessRun } from "./done.ts";
import { release } from "./releasing.ts";
import { holdFrom, renewIfDue, takeIn, verify, type Verdict } from "./renewal.ts";
import { serverNow } from "./server-clock.ts";
import {
  begun,
  confirmed,
  firstPlan,
  isIdle,
  lookAtPlan,
  loseIdle,
  planWake,
  stopIdle,
  tickNotStarted,
  unclaimed,
} from "./scheduled.ts";
import { nextTickTold, startedReport } from "./schedule-report.ts";
import type { Leading, Standby, StandbyRequest, State } from "./state.ts";
import { requestOn, type StepDownRequest } from "./step-down.ts";
import { asksToStop } from "./stop-signals.ts";
import { loseLease, stopAsked, stopLost, stopOverrun, stopSteppingDown, treeEnding } from "./stopping.ts";
import type { Effect, Event, LossCause, Millis, SignalName, Turn } from "./types.ts";
import { endedWatch, mayOpen, openWatch } from "./watching.ts";

type Stepped = readonly [State, readonly Effect[]];

/** The acquiring write was acknowledged: start the command, if the acknowledgement did not take too long. */
export function startLeading(
  state: Standby,
  answer: Answered,
  request: StandbyRequest & { kind: "acquire" },
  turn: Turn,
): Stepped {
  const { ids, watch } = state;
  const hold = holdFrom(answer, request.sentAt, turn);
  const acquired: Effect = { kind: "report", report: { kind: "acquired", lease: answer.lease, from: request.from } };
  const leading = { phase: "leading", ids, hold, watch, overrunAt: Infinity } as const;
  const asked = requestOn(answer.lease, turn);
  if (asked !== null) return stepDown({ ...leading, command: "waiting", plan: null }, asked, [acquired], turn);
  const plan = firstPlan(answer.lease.record.lastTick, turn);
  if (plan !== null) {
    const [next, news] = lookAtPlan({ ...leading, command: "idle", plan }, turn);
    return [next, [acquired, ...news, nextTickTold(next)]];
  }
  const due: Leading = { ...leading, hold: { ...hold, nextAttemptAt: turn.at }, command: "waiting", plan };
  return begin(due, [acquired], turn);
}

/** One event while leading. */
export function leading(state: Leading, event: Event, turn: Turn): Stepped {
  switch (event.kind) {
    case "tick":
      return tick(state, turn);
    case "read":
    case "written":
      return answered(state, event, turn);
    case "watched":
      return settle(state, askedOnWatch(verify(state, event.lease, turn), event.lease, turn), turn);
    case "watched-deletion":
      return settle(state, verify(state, null, turn), turn);
    case "watch-ended":
      return [{ ...state, watch: endedWatch(state.watch, event.reason, turn) }, []];
    case "command-started":
      return [
        { ...state, command: "running", overrunAt: turn.at + turn.me.job.maxRun },
        [{ kind: "report", report: startedReport(state.plan, event.pid) }],
      ];
    case "command-not-started":
      if (state.plan !== null) return tickNotStarted(state, state.plan, event.failure.message, turn);
      return release(state, { kind: "command-not-started", failure: event.failure }, turn);
    case "command-ended":
      return treeEnding(state, event.end, turn);
    case "tree-gone":
      return [state, []];
    case "guard-lost":
      if (state.command === "waiting" || state.command === "idle") return [state, []];
      return stopLost(state, { kind: "guard", message: event.message }, turn);
    case "signal":
      return signalled(state, event.signal, turn);
  }
}

/** When the next thing is due that no event brings. */
export function leadingWake({ hold, watch, command, overrunAt, plan }: Leading, turn: Turn): Millis {
  const attempt = hold.request === null ? hold.nextAttemptAt : Infinity;
  const rewatch = watch.kind === "down" ? watch.retryAt : Infinity;
  const term = command === "waiting" && plan === null ? Infinity : hold.deadlines.term;
  return Math.min(attempt, rewatch, overrunAt, term, planWake(plan, turn));
}

/** Deadlines first; a gap in which even `kill` passed leaves no time for a stop signal. */
function tick(state: Leading, turn: Turn): Stepped {
  const { kill, term } = state.hold.deadlines;
  const counts = state.command !== "waiting" || state.plan !== null;
  if (counts && turn.at >= kill) return lose(state, { kind: "late" }, turn);
  if (counts && turn.at >= term) {
    const failure = state.hold.trouble?.message ?? null;
    return lose(state, { kind: "renew-deadline", after: turn.at - state.hold.sentAt, failure }, turn);
  }
  if (turn.at >= state.overrunAt) return stopOverrun(state, turn);
  const [planned, news] = lookAtPlan(state, turn);
  const [next, effects] = settle(planned, renewIfDue(planned, counts ? term : Infinity, turn), turn);
  if (next.phase !== "leading" || !mayOpen(next.watch, turn)) return [next, [...news, ...effects]];
  const [watch, open] = openWatch(next.hold.lease.version, next.watch, turn);
  return [{ ...next, watch }, [...news, ...effects, open]];
}

function lose(state: Leading, cause: LossCause, turn: Turn): Stepped {
  if (!isIdle(state)) return stopLost(state, cause, turn);
  return isInVain(state, turn) ? giveUp(state, [], turn) : loseIdle(state, cause, turn);
}

function answered(state: Leading, event: Event & { kind: "read" | "written" }, turn: Turn): Stepped {
  const verdict = takeIn(state, event, turn);
  return verdict === null ? [state, []] : settle(state, verdict, turn);
}

function settle(state: Leading, verdict: Verdict, turn: Turn): Stepped {
  if (verdict.kind === "held") {
    const { hold, ids, effects } = verdict;
    const held: Leading = { ...state, hold, ids };
    const asked = requestOn(hold.lease, turn);
    if (asked !== null) return stepDown(held, asked, effects, turn);
    if (hold.sentAt !== state.hold.sentAt && isInVain(held, turn)) return giveUp(held, effects, turn);
    return begin(confirmed(held, turn), effects, turn);
  }
  if (isIdle(state)) return loseIdle(state, { kind: "other-holder", holder: verdict.holder }, turn);
  if (state.command !== "waiting") return loseLease(state, verdict.holder, turn);
  // Nothing was started yet: stand by again.
  return [{ ...again(state.ids, state.hold.lease, turn), watch: state.watch }, []];
}

/** A watch that tells of a request for us: what we write next is laid over the version that has it. */
function askedOnWatch(verdict: Verdict, told: StoredLease, turn: Turn): Verdict {
  if (verdict.kind === "lost" || requestOn(told, turn) === null || !isNewer(told.version, verdict.hold.lease.version))
    return verdict;
  return { ...verdict, hold: { ...verdict.hold, lease: told } };
}

function stepDown(state: Leading, asked: StepDownRequest, effects: readonly Effect[], turn: Turn): Stepped {
  if (state.command !== "waiting" && !isIdle(state)) {
    const [next, more] = stopSteppingDown(state, asked, turn);
    return [next, [...effects, ...more]];
  }
  const report: Effect = { kind: "report", report: { kind: "step-down", ...asked, signal: null, killIn: 0 } };
  const [next, more] = release(unclaimed(state), { kind: "stepped-down", end: null, to: asked.to }, turn);
  return [next, [...effects, report, ...more]];
}

/** Starts a command that waits, if enough of the lease is left; else the renewal that is due comes first. */
function begin(state: Leading, effects: readonly Effect[], turn: Turn): Stepped {
  const { hold } = state;
  if (state.command !== "waiting") return [state, effects];
  if (isInVain(state, turn) || !freshEnoughToStart(turn.at, hold.sentAt, hold.deadlines.term)) return [state, effects];
  const needless = needlessRun(hold.lease.record.done, serverNow(hold.server, turn), turn);
  if (needless !== null) {
    const [next, more] = release(state, needless, turn);
    return [next, [...effects, ...more]];
  }
  const tick = state.plan?.current ?? null;
  const start: Effect = { kind: "start", lease: hold.lease, killAt: hold.deadlines.kill, tick };
  const nextAttemptAt = hold.sentAt + turn.me.timing.retryPeriod;
  const plan = begun(state.plan);
  return [{ ...state, hold: { ...hold, nextAttemptAt }, command: "starting", plan }, [...effects, start]];
}

function signalled(state: Leading, signal: SignalName, turn: Turn): Stepped {
  if (asksToStop(signal)) {
    if (isIdle(state)) return stopIdle(state, signal, turn);
    if (state.command === "waiting") return release(state, { kind: "stopped-standby", signal }, turn);
    return stopAsked(state, signal, turn);
  }
  return [state, [{ kind: "forward", signal: signal.name, to: "command" }]];
}

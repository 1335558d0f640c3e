/** Standing by: look, watch, wait until the Lease is free by our own clock, take it. */
import { failedAgain, lookAgain, nextLook, nextPoll, noTrouble, proceed, silence } from "./contending.ts";
import { doneIn, isUnclear, needlessRun } from "./done.ts";
import { decide, isStale, observe, observeMissing, type View } from "./election.ts";
import { startLeading } from "./leading.ts";
import type { ReadResult, StoreFailure, WriteResult } from "./lease.ts";
import { overtaken, toldSince } from "./overtaken.ts";
import { obstacleInSight } from "./patience.ts";
import { lostAgain, raceJitter } from "./race.ts";
import { withdraw } from "./releasing.ts";
import type { Standby, StandbyRequest, State } from "./state.ts";
import type { Effect, Event, Millis, SignalName, Turn } from "./types.ts";
import { notConfirmed, standOrNot, stillUnconfirmed } from "./unconfirmed.ts";
import { endedWatch, mayOpen, noWatch, openWatch, watchReport } from "./watching.ts";
import { sayWhoLeads } from "./who-leads.ts";

type Stepped = readonly [State, readonly Effect[]];
type AcquireRequest = StandbyRequest & { kind: "acquire" };

/** Signals that end a standby; the others are for the command, which is not there. */
const endingSignals = new Set(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]);

/** Whether a signal ends a candidate that has no command. */
export function endsStandby({ name }: SignalName): boolean {
  return endingSignals.has(name);
}

/** One event while standing by. */
export function standby(state: Standby, event: Event, turn: Turn): Stepped {
  switch (event.kind) {
    case "tick":
      return ticked(state, turn);
    case "read":
      if (state.request?.kind !== "read" || state.request.id !== event.id) return [state, []];
      return answered({ ...state, request: null }, event.result, turn);
    case "written":
      if (state.request?.kind !== "acquire" || state.request.id !== event.id) return [state, []];
      return acquiring({ ...state, request: null }, state.request, event.result, turn);
    case "watched":
      if (isStale(state.view, event.lease)) return [heard(state, turn), []];
      if (isUnclear(state.view, event.lease, turn))
        return proceed({ ...heard(state, turn), lookAt: turn.at }, [], turn);
      return told(
        state,
        { ...heard(state, turn), view: observe(state.view, event.lease, state.lostRaces, turn), mustLook: false },
        {},
        turn,
      );
    case "watched-deletion":
      return proceed({ ...heard(state, turn), lookAt: turn.at }, [], turn);
    case "watch-ended": {
      const watch = endedWatch(state.watch, event.reason, turn);
      const lookAt = watch.retryAt <= turn.at ? turn.at : nextPoll(turn);
      return proceed(
        { ...state, watch, lookAt: Math.min(state.lookAt, lookAt) },
        watchReport(state.watch, event.reason, turn),
        turn,
      );
    }
    case "signal":
      if (!endsStandby(event.signal)) return [state, []];
      return withdraw(state, { kind: "stopped-standby", signal: event.signal }, turn);
    case "command-started":
    case "command-not-started":
    case "command-ended":
    case "tree-gone":
    case "guard-lost":
      return [state, []];
  }
}

function ticked(before: Standby, turn: Turn): Stepped {
  const [said, told] = sayWhoLeads(before, turn);
  const [state, wishes] = standOrNot(said, turn);
  return proceed(state, [...told, ...wishes], turn);
}

function answered(state: Standby, result: ReadResult, turn: Turn): Stepped {
  if (result.kind === "failed") return unread(state, result, turn);
  const report: Effect[] =
    state.reads.message === null ? [] : [{ kind: "report", report: { kind: "store-recovered" } }];
  const reached: Standby = { ...state, contact: state.contact || result.kind === "found", reads: noTrouble };
  if (result.kind === "found" && isStale(state.view, result.lease) && !state.doubted) {
    return proceed({ ...reached, doubted: true, lookAt: turn.at }, report, turn);
  }
  const view =
    result.kind === "missing"
      ? observeMissing(state.view, state.lostRaces, turn)
      : observe(state.view, result.lease, state.lostRaces, turn, result.serverTime ?? turn.wall);
  const serverTime = result.kind === "found" ? result.serverTime : undefined;
  // A watch that kept silent about what this read found is not to be trusted.
  const deaf =
    state.watch.kind === "open" &&
    turn.at >= state.watch.heardAt + silence(state.view, turn) &&
    version(view) !== version(state.view);
  const watch = deaf ? noWatch : state.watch;
  const next: Standby = { ...reached, view, watch, doubted: false, mustLook: false };
  return told(
    state,
    next,
    { report, now: serverTime ?? turn.wall, ...(serverTime === undefined ? {} : { serverTime }) },
    turn,
  );
}

/** What came along with news of the Lease. */
interface Aside {
  readonly report?: readonly Effect[];
  readonly serverTime?: Millis;
  /** The same, or our own time of day in its stead; absent: a watch told of it. */
  readonly now?: Millis;
}

/** The view is new: end if there is no point in waiting or in running, say who holds the Lease, see to the watch, act. */
function told(before: Standby, known: Standby, { report = [], serverTime, now }: Aside, turn: Turn): Stepped {
  const state: Standby = { ...known, unconfirmed: stillUnconfirmed(known, turn) };
  const needless = needlessRun(doneIn(state.view), now ?? null, turn);
  if (needless !== null) {
    const [next, effects] = withdraw(state, needless, turn);
    return [next, [...report, ...effects]];
  }
  const obstacle = obstacleInSight(before.view, state.view, serverTime ?? null, turn);
  if (obstacle !== null) {
    const [next, effects] = withdraw(state, { kind: "not-acquired", obstacle, patience: turn.me.job.patience }, turn);
    return [next, [...report, ...effects]];
  }
  const [watch, opened] = mayOpen(state.watch, turn)
    ? openWatch(version(state.view), state.watch, turn)
    : [state.watch, null];
  const decision = decide(state.view, turn);
  const news: Effect[] = opened === null ? [...report] : [...report, opened];
  // A pause that only a watch told of ends at a time of the server's clock: ask for that first.
  if (decision.kind === "wait" && decision.until === Infinity)
    return proceed({ ...state, watch, lookAt: turn.at }, news, turn);
  if (decision.kind !== "wait")
    return proceed({ ...state, watch, lookAt: nextLook({ ...state, watch }, turn) }, news, turn);
  const [next, said] = sayWhoLeads({ ...state, watch }, turn);
  return proceed({ ...next, lookAt: nextLook(next, turn) }, [...news, ...said], turn);
}

function acquiring(state: Standby, request: AcquireRequest, result: WriteResult, turn: Turn): Stepped {
  switch (result.kind) {
    case "stored":
      if (overtaken(state.view, result.lease, turn))
        return lookAgain(state, { lookAt: turn.at, pauseUntil: turn.at }, [], turn);
      return startLeading(state, result, request, turn);
    case "conflict": {
      // Perhaps nobody was faster, and somebody else edits the Lease all the time: no storm of requests then.
      const pauseUntil = turn.at + raceJitter(state.lostRaces, turn);
      const lostRaces = lostAgain(state.lostRaces, turn.at - request.sentAt);
      const next: Standby = { ...state, contact: true, acquires: noTrouble, lostRaces };
      // In a crowd the watch tells who won before the 409 comes: no need for all of them to ask as well.
      if (toldSince(state.view, request.write)) return proceed({ ...next, pauseUntil }, [], turn);
      return lookAgain(next, { lookAt: turn.at, pauseUntil }, [], turn);
    }
    case "missing":
      return lookAgain({ ...state, acquires: noTrouble }, { lookAt: turn.at, pauseUntil: turn.at }, [], turn);
    case "failed": {
      const [acquires, pause, report] = failedAgain(state.acquires, result, result.reason === "forbidden", turn);
      const lookAt = turn.at + pause;
      const unconfirmed = notConfirmed(state, request);
      return lookAgain({ ...state, acquires, unconfirmed }, { lookAt, pauseUntil: lookAt }, report, turn);
    }
  }
}

function unread(state: Standby, failure: StoreFailure, turn: Turn): Stepped {
  const [reads, pause, report] = failedAgain(state.reads, failure, !state.contact, turn);
  return proceed({ ...state, reads, lookAt: turn.at + pause }, report, turn);
}

function heard(state: Standby, turn: Turn): Standby {
  return state.watch.kind === "open" ? { ...state, watch: { ...state.watch, heardAt: turn.at } } : state;
}

function version(view: View): string | null {
  return view.kind === "found" ? view.lease.version : view.kind === "missing" ? view.after : null;
}

/**
 * Releasing: the tree is gone, or there never was one, and others may take over at once when they are told. A release is a
 * compare-and-swap on the version of our own last write, so it can never wipe a successor; after a conflict the holder is
 * looked at first.
 */
import { requestDeadline } from "./deadlines.ts";
import { isRecorded, withDone } from "./done.ts";
import { outcomeOf } from "./ending.ts";
import { withoutRequest } from "./elector.ts";
import { pauseToLeave } from "./hold-back.ts";
import type { ReadResult, StoredLease, StoreFailure, WriteResult } from "./lease.ts";
import { newReleasing, withdrawFirst } from "./new-releasing.ts";
import { releasedRecord } from "./released-record.ts";
import { clearedByHand } from "./renewal-record.ts";
import { endsStandby } from "./standby.ts";
import type { Ending, Hold, Releasing, Standby, State } from "./state.ts";
import { rest, standsByAgain } from "./step-down.ts";
import { formatTime } from "./time-of-day.ts";
import type { Effect, Event, Millis, Released, SignalName, Turn } from "./types.ts";

type Stepped = readonly [State, readonly Effect[]];

const firstRetry: Millis = 50;
const longestRetry: Millis = 500;

/** The one way to a release while the Lease is ours. Callers: the tree is gone, or no command was started. */
export function release({ ids, hold }: { ids: number; hold: Hold }, ending: Ending, turn: Turn): Stepped {
  const holdUntil = pauseToLeave(hold.pause, ending, turn);
  const begun = newReleasing(ids, ending, turn);
  const { lease, tick } = hold;
  // A success is worth trying for as long as the Lease is ours.
  const giveUpAt = ending.kind === "succeeded" ? Math.max(begun.giveUpAt, hold.deadlines.expiry) : begun.giveUpAt;
  const state: Releasing = { ...begun, lease, holdUntil, tick, giveUpAt };
  return turn.elector.kind === "server" ? withdrawFirst(state, turn) : sendRelease(state, lease, turn);
}

/** A standby ends: an acquiring write under way may still succeed, then it is undone. */
export function withdraw(state: Standby, ending: Ending, turn: Turn): Stepped {
  if (state.request?.kind !== "acquire") return finish(ending, "not-ours");
  return [{ ...newReleasing(state.ids, ending, turn), request: { kind: "acquire", id: state.request.id } }, []];
}

/** The end, without or after a release. `lease`: as last known. */
export function finish(
  ending: Ending,
  released: Released,
  lease: StoredLease | null = null,
  message: string | null = null,
): Stepped {
  return [{ phase: "finished" }, [{ kind: "finish", outcome: outcomeOf(ending, released, lease, message) }]];
}

/** One event while releasing. */
export function releasing(state: Releasing, event: Event, turn: Turn): Stepped {
  switch (event.kind) {
    case "tick":
      return tick(state, turn);
    case "written":
      if (state.request?.id !== event.id || state.request.kind === "read") return [state, []];
      return written({ ...state, request: null }, state.request.kind, event.result, turn);
    case "read":
      if (state.request?.id !== event.id || state.request.kind !== "read") return [state, []];
      return read({ ...state, request: null }, event.result, turn);
    case "watched":
    case "watched-deletion":
    case "watch-ended":
    case "command-started":
    case "command-not-started":
    case "command-ended":
    case "tree-gone":
    case "guard-lost":
      return [state, []];
    case "signal":
      return [signalled(state, event.signal), []];
  }
}

/** Whatever ends us is under way, but for who would stand by again. */
function signalled(state: Releasing, signal: SignalName): Releasing {
  const { ending } = state;
  if (ending.kind !== "stepped-down" || !endsStandby(signal)) return state;
  const { end } = ending;
  return { ...state, ending: end === null ? { kind: "stopped-idle", signal } : { kind: "stopped", signal, end } };
}

/** When the next thing is due that no event brings. */
export function releasingWake(state: Releasing): Millis {
  return Math.min(state.giveUpAt, state.request === null ? Math.max(state.retryAt, state.withdrawBy) : Infinity);
}

function tick(state: Releasing, turn: Turn): Stepped {
  if (turn.at >= state.giveUpAt) return over(state, "not-released", state.message, turn);
  if (state.request !== null || turn.at < state.retryAt) return [state, []];
  if (turn.elector.kind === "server" && turn.at < state.withdrawBy) return [state, []];
  return state.mustLook || state.lease === null ? sendRead(state, turn) : sendRelease(state, state.lease, turn);
}

function written(state: Releasing, kind: "acquire" | "write", result: WriteResult, turn: Turn): Stepped {
  switch (result.kind) {
    case "stored": {
      const next: Releasing = { ...state, lease: result.lease };
      return kind === "acquire" ? sendRelease(next, result.lease, turn) : over(next, "released", null, turn);
    }
    case "conflict":
      return kind === "acquire"
        ? close(state, "not-ours", null, null, turn)
        : contested({ ...state, mustLook: true }, turn);
    case "missing":
      return close(state, "not-ours", null, null, turn);
    case "failed":
      return failed({ ...state, mustLook: true }, result, turn);
  }
}

function read(state: Releasing, result: ReadResult, turn: Turn): Stepped {
  if (result.kind === "failed") return failed(state, result, turn);
  if (result.kind === "missing") return close(state, "not-ours", null, null, turn);
  const { lease } = result;
  const { ending } = state;
  const ours = lease.record.holder === turn.me.identity;
  const cleared = state.lease !== null && clearedByHand(state.lease, lease);
  const isDone = ending.kind === "succeeded" && isRecorded(lease.record.done, ending);
  if (ours || (ending.kind === "succeeded" && cleared && !isDone)) return sendRelease({ ...state, lease }, lease, turn);
  const released = lease.record.holder === "" || isDone ? "released" : "not-ours";
  return close(state, released, lease, null, turn);
}

function failed(state: Releasing, failure: StoreFailure, turn: Turn): Stepped {
  return [later({ ...state, message: failure.message }, turn), []];
}

/** Looked at again at once; in a storm of foreign edits each further look comes later. */
function contested(state: Releasing, turn: Turn): Stepped {
  return state.failures === 0 ? sendRead({ ...state, failures: 1 }, turn) : [later(state, turn), []];
}

function later(state: Releasing, turn: Turn): Releasing {
  const pause = Math.min(firstRetry * 2 ** state.failures, longestRetry);
  return { ...state, failures: state.failures + 1, retryAt: turn.at + pause };
}

function sendRead(state: Releasing, turn: Turn): Stepped {
  const id = state.ids + 1;
  const deadline = requestDeadline(turn.at, state.giveUpAt, turn.me.timing);
  return [{ ...state, ids: id, request: { kind: "read", id } }, [{ kind: "read", id, deadline }]];
}

function sendRelease(state: Releasing, base: StoredLease, turn: Turn): Stepped {
  const id = state.ids + 1;
  const { ending, holdUntil, tick } = state;
  const { transitions, done: before } = base.record;
  const done = ending.kind === "succeeded" ? withDone(before, ending) : before;
  const lastTick = tick === null ? base.record.lastTick : formatTime(tick);
  const coordination = withoutRequest(base.record);
  const record = releasedRecord(transitions, { holdUntil, done, lastTick, coordination }, turn);
  const deadline = requestDeadline(turn.at, state.giveUpAt, turn.me.timing);
  return [
    { ...state, ids: id, mustLook: false, request: { kind: "write", id } },
    [{ kind: "write", id, write: { base, record }, deadline }],
  ];
}

function over(state: Releasing, released: Released, message: string | null, turn: Turn): Stepped {
  const report: Effect = { kind: "report", report: { kind: "released", released, message } };
  const [next, effects] = close(state, released, state.lease, message, turn);
  return [next, [report, ...effects]];
}

/** Nothing more can be done about the Lease: the end, but for who steps down. */
function close(
  { ids, ending, lease: known }: Releasing,
  released: Released,
  lease: StoredLease | null,
  message: string | null,
  turn: Turn,
): Stepped {
  if (ending.kind === "stepped-down" && standsByAgain(turn))
    return rest(ids, ending, { lease: lease ?? known, released: known?.record.holder === "" }, turn);
  return finish(ending, released, lease, message);
}

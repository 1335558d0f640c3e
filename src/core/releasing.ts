/**
 * Releasing: the tree is gone, or there never was one, and others may take over at once when they are told. A release is a
 * compare-and-swap on the version of our own last write, so it can never wipe a successor; after a conflict the holder is
 * looked at first.
 */
import { pauseToLeave } from "./hold-back.ts";
import type { LeaseRecord, ReadResult, StoredLease, StoreFailure, WriteResult } from "./lease.ts";
import type { Ending, Hold, Releasing, Standby, State } from "./state.ts";
import type { Effect, Event, Millis, Outcome, Released, Turn } from "./types.ts";

type Stepped = readonly [State, readonly Effect[]];

const firstRetry: Millis = 50;
const longestRetry: Millis = 500;

/** The one way to a release while the Lease is ours. Callers: the tree is gone, or no command was started. */
export function release({ ids, hold }: { ids: number; hold: Hold }, ending: Ending, turn: Turn): Stepped {
  const holdUntil = pauseToLeave(hold.pause, ending, turn);
  return sendRelease({ ...fresh(ids, ending, turn), lease: hold.lease, holdUntil }, hold.lease, turn);
}

/** A standby ends: an acquiring write under way may still succeed, then it is undone. */
export function withdraw(state: Standby, ending: Ending, turn: Turn): Stepped {
  if (state.request?.kind !== "acquire") return finish(ending, "not-ours");
  return [{ ...fresh(state.ids, ending, turn), request: { kind: "acquire", id: state.request.id } }, []];
}

/** The end, without or after a release. */
export function finish(ending: Ending, released: Released): Stepped {
  return [{ phase: "finished" }, [{ kind: "finish", outcome: outcomeOf(ending, released) }]];
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
    case "signal":
      return [state, []];
  }
}

/** When the next thing is due that no event brings. */
export function releasingWake(state: Releasing): Millis {
  return Math.min(state.giveUpAt, state.request === null ? state.retryAt : Infinity);
}

function fresh(ids: number, ending: Ending, turn: Turn): Releasing {
  const giveUpAt = turn.at + turn.me.timing.renewDeadline / 3;
  return {
    phase: "releasing",
    ids,
    ending,
    holdUntil: null,
    lease: null,
    request: null,
    retryAt: turn.at,
    failures: 0,
    message: null,
    giveUpAt,
  };
}

function tick(state: Releasing, turn: Turn): Stepped {
  if (turn.at >= state.giveUpAt) return done(state, "not-released", state.message);
  if (state.request !== null || turn.at < state.retryAt) return [state, []];
  return state.lease === null ? sendRead(state) : sendRelease(state, state.lease, turn);
}

function written(state: Releasing, kind: "acquire" | "write", result: WriteResult, turn: Turn): Stepped {
  switch (result.kind) {
    case "stored":
      return kind === "acquire"
        ? sendRelease({ ...state, lease: result.lease }, result.lease, turn)
        : done(state, "released", null);
    case "conflict":
      return kind === "acquire" ? finish(state.ending, "not-ours") : contested({ ...state, lease: null }, turn);
    case "missing":
      return finish(state.ending, "not-ours");
    case "failed":
      return failed({ ...state, lease: null }, result, turn);
  }
}

function read(state: Releasing, result: ReadResult, turn: Turn): Stepped {
  if (result.kind === "failed") return failed(state, result, turn);
  if (result.kind === "missing") return finish(state.ending, "not-ours");
  const { lease } = result;
  if (lease.record.holder !== turn.me.identity)
    return finish(state.ending, lease.record.holder === "" ? "released" : "not-ours");
  return sendRelease({ ...state, lease }, lease, turn);
}

function failed(state: Releasing, failure: StoreFailure, turn: Turn): Stepped {
  return [later({ ...state, message: failure.message }, turn), []];
}

/** Looked at again at once; in a storm of foreign edits each further look comes later. */
function contested(state: Releasing, turn: Turn): Stepped {
  return state.failures === 0 ? sendRead({ ...state, failures: 1 }) : [later(state, turn), []];
}

function later(state: Releasing, turn: Turn): Releasing {
  const pause = Math.min(firstRetry * 2 ** state.failures, longestRetry);
  return { ...state, failures: state.failures + 1, retryAt: turn.at + pause };
}

function sendRead(state: Releasing): Stepped {
  const id = state.ids + 1;
  return [{ ...state, ids: id, request: { kind: "read", id } }, [{ kind: "read", id, deadline: state.giveUpAt }]];
}

function sendRelease(state: Releasing, base: StoredLease, turn: Turn): Stepped {
  const id = state.ids + 1;
  const write = { base, record: releasedRecord(base.record, state.holdUntil, turn) };
  return [
    { ...state, ids: id, request: { kind: "write", id } },
    [{ kind: "write", id, write, deadline: state.giveUpAt }],
  ];
}

/** As client-go writes it: holder `""` (null would lock out the C# and Rust clients), duration 1, times now. */
function releasedRecord({ transitions, done }: LeaseRecord, holdUntil: Millis | null, { wall }: Turn): LeaseRecord {
  const times = { acquireTime: wall, renewTime: wall };
  return { holder: "", durationSeconds: 1, ...times, transitions, markedBy: null, holdUntil, done };
}

function done(state: Releasing, released: Released, message: string | null): Stepped {
  const report: Effect = { kind: "report", report: { kind: "released", released, message } };
  const [next, effects] = finish(state.ending, released);
  return [next, [report, ...effects]];
}

function outcomeOf(ending: Ending, released: Released): Outcome {
  switch (ending.kind) {
    case "command-ended":
    case "stopped":
    case "overrun":
      return { ...ending, released };
    case "command-not-started":
    case "lost":
    case "not-acquired":
    case "stopped-standby":
    case "start-trouble":
      return ending;
  }
}

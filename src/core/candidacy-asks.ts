/** What a candidacy asks for next, if nothing is under way. */
import type { Ask, Candidacy, CandidacyEffect, CandidacyTurn, Micros, StoredCandidate } from "./candidacy-types.ts";
import type { Millis } from "./types.ts";

type Stepped = readonly [Candidacy, readonly CandidacyEffect[]];

/** A ping has to be answered within 5 s: one that got lost leaves time for another. */
const requestTime: Millis = 2_000;
/** The first request may have to wait for a slow credential plugin. */
const firstRequestTime: Millis = 10_000;

/** Sends what is due now, if nothing is under way. */
export function proceed(state: Candidacy, effects: readonly CandidacyEffect[], turn: CandidacyTurn): Stepped {
  if (turn.at >= state.leaveBy) return [idle(state), [...effects, { kind: "left" }]];
  if (state.request !== null || turn.at < state.pauseUntil) return [state, effects];
  const { api, stored, watch } = state;
  const isThere = stored !== null || state.unsure;
  if (state.wish !== "register" || state.refused) {
    if (api !== null && isThere) return ask(state, { kind: "delete", api }, effects, turn);
    if (state.wish === "leave") return [idle(state), [...effects, { kind: "left" }]];
    if (state.wish === "withdraw") return [idle(state), effects];
    if (state.wish === "anew") return proceed({ ...state, wish: "register" }, effects, turn);
  }
  if (api === null || state.refused) return ask(state, { kind: "discover" }, effects, turn);
  if (stored === null) return ask(state, { kind: "create", api, renewTime: turn.wall * 1000 }, effects, turn);
  if (isPinged(stored) || turn.at >= state.renewAt)
    return ask(state, { kind: "update", api, base: stored, renewTime: answerTo(stored, turn.wall) }, effects, turn);
  if (turn.at >= state.lookAt) return ask(state, { kind: "read", api }, effects, turn);
  if (watch.kind === "down" && turn.at >= watch.retryAt) {
    const opened: Candidacy = { ...state, watch: { kind: "open" } };
    return proceed(opened, [...effects, { kind: "watch", api, since: stored.version }], turn);
  }
  if (turn.at >= state.listAt) return ask(state, { kind: "list", api }, effects, turn);
  return [state, effects];
}

/** The server waits for us to say that we are alive. */
function isPinged({ pingTime, renewTime }: StoredCandidate): boolean {
  return pingTime !== null && pingTime > (renewTime ?? 0);
}

/** An answer that is earlier than the ping, by a clock that is behind the server's, is none. */
function answerTo({ pingTime }: StoredCandidate, wall: Millis): Micros {
  return Math.max(wall * 1000, (pingTime ?? 0) + 1);
}

function ask(state: Candidacy, what: Ask, effects: readonly CandidacyEffect[], turn: CandidacyTurn): Stepped {
  const id = state.ids + 1;
  const deadline = turn.at + (what.kind === "discover" ? firstRequestTime : requestTime);
  const request = { id, kind: what.kind, sentAt: turn.at };
  return [{ ...state, ids: id, request }, [...effects, { kind: "ask", id, ask: what, deadline }]];
}

/** Nothing is due before the next wish. */
function idle(state: Candidacy): Candidacy {
  return { ...state, elector: { kind: "withdrawn" }, pauseUntil: Infinity, leaveBy: Infinity };
}

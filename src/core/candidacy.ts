/**
 * Our candidacy where the server elects: one LeaseCandidate, which is looked for, made, renewed and taken back.
 *
 *     not known ---- served ----> not there ---- created ----> registered: renewed, pings answered
 *         ^  unserved, refused        ^   deleted by hand           |
 *         +---------------------------+-----------------------------+
 *
 * A wish to withdraw or to leave deletes it from wherever it is; a wish to register begins with a new one. Nothing here touches the
 * Lease: what it comes to for an election is the `elector` (elector.ts), which every step of the candidate is given.
 */
import { answered } from "./candidacy-answers.ts";
import { proceed } from "./candidacy-asks.ts";
import type {
  Candidacy,
  CandidacyEffect,
  CandidacyEvent,
  CandidacyTurn,
  StoredCandidate,
  Wish,
} from "./candidacy-types.ts";
import type { Millis } from "./types.ts";

type Stepped = readonly [Candidacy, readonly CandidacyEffect[]];

type WatchEnd = (CandidacyEvent & { kind: "watch-ended" })["reason"];

const rewatchIn: Readonly<Record<WatchEnd, Millis>> = { closed: 0, failed: 2_000, forbidden: 60_000 };

/** Somebody who ends a standby waits for that: so long we wait for a server that does not answer. */
const leavingTakes: Millis = 1_000;

/** Its first step asks whether the server elects at all. */
export function newCandidacy({ at, profile }: CandidacyTurn): Candidacy {
  return {
    wish: "register",
    ids: 0,
    request: null,
    api: null,
    stored: null,
    unsure: false,
    refused: false,
    barred: 0,
    registeredOnce: false,
    pauseUntil: at,
    leaveBy: Infinity,
    renewAt: Infinity,
    lookAt: Infinity,
    listAt: Infinity,
    lists: 0,
    watch: { kind: "down", retryAt: at },
    failures: 0,
    trouble: null,
    quarrel: null,
    left: null,
    elector: { kind: "server", heardAt: at, standIn: profile.mode === "auto" },
  };
}

/** The state after an event, and what has to be done about it, in order. Total: any event may come in any state. */
export function candidacyStep(state: Candidacy, event: CandidacyEvent, turn: CandidacyTurn): Stepped {
  switch (event.kind) {
    case "tick":
      return proceed(state, [], turn);
    case "wish":
      return proceed(wished(state, event.wish, turn), [], turn);
    case "answered": {
      const { request } = state;
      if (request?.id !== event.id) return [state, []];
      const [next, effects] = answered({ ...state, request: null }, request, event.answer, turn);
      return proceed(next, effects, turn);
    }
    case "watched":
      if (state.stored === null || event.candidate.version === state.stored.version) return [state, []];
      return proceed(seen(state, event.candidate, turn), [], turn);
    case "watched-deletion":
      // Perhaps our own, of an earlier one: looked at, and made anew when it is gone.
      return state.stored === null ? [state, []] : proceed({ ...state, lookAt: turn.at }, [], turn);
    case "watch-ended":
      return proceed(unwatched(state, event.reason, turn), [], turn);
  }
}

/** Whoever registers anew is the last one among equals, so what is still there of an earlier registration goes first. */
function wished(state: Candidacy, wish: Wish, turn: CandidacyTurn): Candidacy {
  if (state.wish === "leave" || state.wish === wish || (state.wish === "anew" && wish === "register")) return state;
  const isThere = state.stored !== null || state.unsure || state.request?.kind === "create";
  const anew = wish === "register" && state.wish !== "register" && isThere;
  const leaveBy = wish === "leave" ? turn.at + leavingTakes : Infinity;
  return { ...state, wish: anew ? "anew" : wish, pauseUntil: turn.at, leaveBy };
}

/** Without the right to watch, or with what is in its way, a look every now and then has to do; see candidacy-answers.ts. */
function unwatched(state: Candidacy, reason: WatchEnd, turn: CandidacyTurn): Candidacy {
  return { ...state, lookAt: turn.at, watch: { kind: "down", retryAt: turn.at + rewatchIn[reason] } };
}

/** When a tick is due at the latest; Infinity: only events matter. */
export function candidacyWake(state: Candidacy): Millis {
  const { request, pauseUntil, leaveBy, renewAt, lookAt, listAt, watch } = state;
  if (request !== null || leaveBy !== Infinity) return leaveBy;
  return Math.max(pauseUntil, Math.min(renewAt, lookAt, listAt, watch.kind === "down" ? watch.retryAt : Infinity));
}

/** A newer state of our LeaseCandidate; a ping that it shows for the first time proves that a controller is at work. */
export function seen(state: Candidacy, candidate: StoredCandidate, turn: CandidacyTurn): Candidacy {
  const before = state.stored?.pingTime ?? null;
  const pinged = candidate.pingTime !== null && candidate.pingTime !== before && state.elector.kind === "server";
  const elector = pinged ? { ...state.elector, heardAt: turn.at } : state.elector;
  return { ...state, stored: candidate, elector };
}

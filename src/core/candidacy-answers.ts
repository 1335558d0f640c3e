/** What the answers to a candidacy's requests make of it. */
import { seen } from "./candidacy.ts";
import { quarrelLine, tell, troubleLine } from "./candidacy-lines.ts";
import type { Ask, AskAnswer, Candidacy, CandidacyEffect, CandidacyTurn, StoredCandidate } from "./candidacy-types.ts";
import type { Elector } from "./elector.ts";
import type { StoreFailure } from "./lease.ts";
import { quarrelAmong } from "./rivals.ts";
import { limitAfterRefusal, offsetOf } from "./server-taker.ts";
import { seconds } from "./sentences.ts";
import type { Millis } from "./types.ts";

type Stepped = [Candidacy, CandidacyEffect[]];
type Request = { readonly kind: Ask["kind"]; readonly sentAt: Millis };

/** The server counts a candidate for 30 min after its last renewal, and pings everybody when one has not renewed for 15. */
const renewEvery: Millis = 5 * 60_000;
/** A watch that tells nothing may be deaf; where there is none, a ping has to be found in time to be answered within 5 s. */
const lookEvery = { watched: 30_000, unwatched: 2_500 };
/** Others are looked at when they have had time to register, too, and then less and less often. */
const firstList: Millis = 2_000;
const listEvery: Millis = 5 * 60_000;
/** Where only somebody's help, or an upgrade, changes anything. */
const slowRetry: Millis = 30_000;
const firstRetry: Millis = 200;
const longestRetry: Millis = 5_000;
/** An answer that took longer tells too little of the server's clock. */
const tellingAnswer: Millis = 1_000;

/** `request`: what was answered; nothing else is under way. */
export function answered(state: Candidacy, request: Request, answer: AskAnswer, turn: CandidacyTurn): Stepped {
  switch (answer.kind) {
    case "served":
      return judged({ ...state, api: answer.api, failures: 0 }, answer.serverTime, request, turn);
    case "unserved":
      return helpless({ ...gone(state), api: null }, answer.message, turn);
    case "stored":
      return stored(state, request, answer, turn);
    case "deleted":
      return [{ ...rested(gone(state), turn), failures: 0 }, [{ kind: "unwatch" }]];
    case "missing":
      return missing(state, request, turn);
    case "conflict":
      // What was pinged, or made by an earlier request of ours, is read and gone on with.
      return [{ ...state, stored: outdated(state), unsure: false, lookAt: turn.at, renewAt: Infinity }, []];
    case "rivals":
      return compared(listedAgain(state, turn), quarrelAmong(answer.rivals));
    case "failed":
      return failed(state, request, answer, turn);
  }
}

/** There is one of our name; only a read tells more. */
const unread: StoredCandidate = { version: "", pingTime: null, renewTime: null, object: null };

/** Nothing is answered to a state that is known to be an older one. */
function outdated({ stored }: Candidacy): StoredCandidate {
  return stored === null ? unread : { ...stored, pingTime: null };
}

function stored(
  state: Candidacy,
  request: Request,
  answer: AskAnswer & { kind: "stored" },
  turn: CandidacyTurn,
): Stepped {
  const { candidate, serverTime } = answer;
  const isNew = state.stored === null || state.stored === unread;
  const barred = request.kind === "update" ? 0 : state.barred;
  const known = seen({ ...state, barred, unsure: false, failures: 0 }, candidate, turn);
  const lookAt = turn.at + (state.watch.kind === "open" ? lookEvery.watched : lookEvery.unwatched);
  const isRenewed = request.kind !== "read" || state.renewAt === Infinity;
  const renewAt = isRenewed ? turn.at + renewEvery : state.renewAt;
  const next: Candidacy = { ...known, lookAt, renewAt };
  // The watch should have told what a mere look finds.
  const isDeaf = request.kind === "read" && !isNew && state.stored.version !== candidate.version;
  const watch: Candidacy["watch"] = isDeaf ? { kind: "down", retryAt: turn.at } : next.watch;
  const [judgedState, effects] = judged({ ...next, watch }, serverTime, request, turn);
  if (!isNew || judgedState.refused) return [judgedState, effects];
  const elector: Elector = { kind: "server", heardAt: turn.at, standIn: turn.profile.mode === "auto" };
  const registered: Candidacy = {
    ...judgedState,
    elector,
    registeredOnce: true,
    lists: 0,
    listAt: turn.at + firstList,
  };
  // Who was barred may be so again.
  if (state.barred > 0) return [registered, effects];
  return [{ ...registered, trouble: null }, [...effects, tell.registered(turn.profile)]];
}

/** Not there (any more): it is made anew, unless that is what was wanted. */
function missing(state: Candidacy, request: Request, turn: CandidacyTurn): Stepped {
  if (request.kind === "delete") return [rested(gone(state), turn), [{ kind: "unwatch" }]];
  const byHand = state.stored !== null && state.wish === "register";
  return [gone(state), byHand ? [{ kind: "unwatch" }, tell.deletedByHand] : [{ kind: "unwatch" }]];
}

function gone(state: Candidacy): Candidacy {
  const never = { renewAt: Infinity, lookAt: Infinity, listAt: Infinity };
  return { ...state, ...never, stored: null, unsure: false, watch: { kind: "down", retryAt: -Infinity } };
}

/** Whether the server's time of day is near enough to ours. */
function judged(state: Candidacy, serverTime: Millis | undefined, { sentAt }: Request, turn: CandidacyTurn): Stepped {
  const took = turn.at - sentAt;
  if (serverTime === undefined || took > tellingAnswer) return [state, []];
  const offset = offsetOf(serverTime, turn.wall, took);
  const { offsetLimit } = turn.profile;
  const limit = state.refused ? limitAfterRefusal(offsetLimit) : offsetLimit;
  if (Math.abs(offset) <= limit) return [{ ...state, refused: false }, []];
  const how = `${seconds(Math.abs(offset))} ${offset > 0 ? "ahead of" : "behind"}`;
  const message = `the clock of the API server is ${how} ours, and it elects by its time of day: with these times at most ${seconds(offsetLimit)} will do; set the clocks right (NTP)`;
  const [refused, news] = helpless({ ...state, refused: true }, message, turn);
  return [refused, state.refused ? [] : news];
}

/** The server does not elect us: the next try is long after. */
function helpless(state: Candidacy, message: string, turn: CandidacyTurn): Stepped {
  const { mode } = turn.profile;
  const elector: Elector =
    mode === "auto" ? { kind: "ourselves" } : { kind: "none", message, hopeless: !state.registeredOnce };
  const isThere = state.stored !== null || state.unsure;
  const pauseUntil = state.refused && isThere ? turn.at : turn.at + slowRetry;
  const news = message === state.trouble ? [] : [troubleLine(message, mode)];
  return [{ ...state, elector, trouble: message, pauseUntil }, news];
}

/**
 * Not allowed. What is there already is taken back first: the server would elect it as long as its last renewal is young, and wait for its answer
 * in each election for half an hour. It is made anew later and later: perhaps that is allowed, and the rest still is not.
 */
function barred(state: Candidacy, message: string, turn: CandidacyTurn): Stepped {
  if (state.stored === null && !state.unsure) return helpless(gone(state), message, turn);
  const [next, effects] = helpless(state, message, turn);
  const wish = state.wish === "register" ? "anew" : state.wish;
  return [{ ...next, wish, barred: state.barred + 1, pauseUntil: turn.at }, effects];
}

/** Nor to take it back: tried once, and told. */
function leftBehind(state: Candidacy, message: string, turn: CandidacyTurn): Stepped {
  const news = message === state.left ? [] : [tell.leftBehind(message)];
  return [{ ...rested(gone(state), turn), left: message }, [...news, { kind: "unwatch" }]];
}

/** Whoever was barred, and does not go anyway, does not try again at once. */
function rested(state: Candidacy, turn: CandidacyTurn): Candidacy {
  if (state.barred === 0 || state.wish === "withdraw" || state.wish === "leave") return state;
  return { ...state, pauseUntil: turn.at + Math.min(slowRetry * 2 ** (state.barred - 1), renewEvery) };
}

function listedAgain(state: Candidacy, turn: CandidacyTurn): Candidacy {
  const lists = state.lists + 1;
  return { ...state, lists, listAt: turn.at + Math.min(firstList * 3 ** lists, listEvery) };
}

function compared(state: Candidacy, quarrel: string | null): Stepped {
  const isNews = quarrel !== null && quarrel !== state.quarrel;
  return [{ ...state, quarrel }, isNews ? [quarrelLine(quarrel)] : []];
}

function failed(state: Candidacy, { kind }: Request, failure: StoreFailure, turn: CandidacyTurn): Stepped {
  if (kind === "list") return [listedAgain(state, turn), []]; // nice to know, no more
  if (failure.reason === "forbidden")
    return kind === "delete" ? leftBehind(state, failure.message, turn) : barred(state, failure.message, turn);
  if (kind === "delete" && state.wish === "leave") return [gone(state), []]; // the server forgets it
  const pause = state.wish === "leave" ? 0 : Math.min(firstRetry * 2 ** state.failures, longestRetry);
  const pauseUntil = turn.at + Math.max(pause, Math.min(failure.retryAfter ?? 0, slowRetry));
  const next: Candidacy = {
    ...state,
    failures: state.failures + 1,
    pauseUntil,
    unsure: state.unsure || kind === "create",
  };
  return [next, []]; // the Lease meets the same trouble, and tells it
}

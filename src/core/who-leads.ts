/**
 * What a standby says about who leads. News are told at once; where they come fast, the newest ones when a minute is over: a
 * Lease that changes hands all the time must not fill the log of everybody who waits.
 */
import { decide, type Decision } from "./election.ts";
import type { Standby } from "./state.ts";
import type { Effect, Millis, Turn } from "./types.ts";

/** What was last said of who leads (null: nothing yet), and from when on a next holder, and a next pause, may be told. */
export interface Told {
  readonly last: string | null;
  readonly nextHolder: Millis;
  readonly nextPause: Millis;
}

/** So often at most that somebody leads, and so often that all hold back. */
const sayEvery: Millis = 60_000;

/** Nothing was said yet. */
export const untold: Told = { last: null, nextHolder: -Infinity, nextPause: -Infinity };

/** Says it if it is new and may be said now. */
export function sayWhoLeads(state: Standby, turn: Turn): readonly [Standby, readonly Effect[]] {
  const news = newsIn(state, turn);
  if (news === null || turn.at < nextOf(state.told, news)) return [state, []];
  const { holder, waits, until } = news;
  const next = turn.at + sayEvery;
  const told: Told = {
    ...state.told,
    last: nameOf(news),
    ...(waits === "pause" ? { nextPause: next } : { nextHolder: next }),
  };
  const report: Effect = {
    kind: "report",
    report: { kind: "standing-by", holder, waits, forAtMost: until - turn.at },
  };
  return [{ ...state, told }, [report]];
}

/** When there is something to say that no event brings. */
export function sayWake(state: Standby, turn: Turn): Millis {
  const news = newsIn(state, turn);
  return news === null ? Infinity : nextOf(state.told, news);
}

type News = Decision & { readonly kind: "wait" };

/** A pause whose end is not known yet is asked about first, and what is known from before is looked at first. */
function newsIn({ view, told, mustLook }: Standby, turn: Turn): News | null {
  if (mustLook) return null;
  const decision = decide(view, turn);
  if (decision.kind !== "wait" || decision.until === Infinity) return null;
  return nameOf(decision) === told.last ? null : decision;
}

/** That we were elected and start nothing yet is what is asked for at once. */
function nextOf({ nextHolder, nextPause }: Told, { waits }: News): Millis {
  if (waits === "earlier") return -Infinity;
  return waits === "pause" ? nextPause : nextHolder;
}

function nameOf({ holder, waits }: News): string {
  return waits === "holder" ? holder : `nobody: ${waits}`;
}

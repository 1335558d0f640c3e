/**
 * A Lease that the server would give away too early to be of use: where it elects, it does so by its own time of day. Who holds on
 * would run nothing, and keep everybody else from it.
 */
import { isIdle, loseIdle } from "./scheduled.ts";
import { aheadOfUs, leavesTime } from "./server-taker.ts";
import type { Leading, State } from "./state.ts";
import type { Effect, Turn } from "./types.ts";

type Stepped = readonly [State, readonly Effect[]];

/** No command runs, and by the server's clock one would have to be stopped before the next renewal: others may do better. */
export function isInVain(state: Leading, { me }: Turn): boolean {
  const { sentAt, deadlines } = state.hold;
  return (state.command === "waiting" || isIdle(state)) && !leavesTime(deadlines.term - sentAt, me.timing);
}

/** One renewal was confirmed and has not helped: it was not a slow answer. */
export function giveUp(state: Leading, effects: readonly Effect[], turn: Turn): Stepped {
  const [next, more] = loseIdle(state, { kind: "clock", ahead: aheadOfUs(state.hold) }, turn);
  return [next, [...effects, ...more]];
}

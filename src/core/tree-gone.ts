import { endingOf } from "./ending.ts";
import { finish, release } from "./releasing.ts";
import { goOn } from "./scheduled.ts";
import type { State, Stopping } from "./state.ts";
import { rest, standsByAgain } from "./step-down.ts";
import type { Effect, Turn } from "./types.ts";

/** The tree is gone: the Lease is released, if it is still ours; with a schedule a leader goes on. */
export function treeGone(state: Stopping, turn: Turn): readonly [State, readonly Effect[]] {
  const { ids, hold, elected, resume } = state;
  if (hold !== null && resume !== null) return goOn(state, hold, resume, turn);
  const ending = endingOf(state, turn);
  if (hold !== null) return release({ ids, hold }, ending, turn);
  if (ending.kind === "stepped-down" && standsByAgain(turn))
    return rest(ids, ending, { lease: null, released: false }, turn);
  return finish(ending, elected ? "not-ours" : "no-lease");
}

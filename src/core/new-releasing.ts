import type { Ending, Releasing } from "./state.ts";
import type { Turn } from "./types.ts";

/** The tree is gone: nothing has been asked of the store yet. */
export function newReleasing(ids: number, ending: Ending, turn: Turn): Releasing {
  const giveUpAt = turn.at + turn.me.timing.renewDeadline / 3;
  return {
    phase: "releasing",
    ids,
    ending,
    holdUntil: null,
    tick: null,
    lease: null,
    mustLook: false,
    request: null,
    retryAt: turn.at,
    failures: 0,
    message: null,
    giveUpAt,
  };
}

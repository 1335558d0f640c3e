import type { Ending, Releasing } from "./state.ts";
import type { Effect, Millis, Turn } from "./types.ts";

const withdrawalTakes: Millis = 1_000;

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
    withdrawBy: -Infinity,
    failures: 0,
    message: null,
    giveUpAt,
  };
}

/**
 * Has our candidacy taken back before the release. The server elects some milliseconds after one, the leaving holder too while it is still
 * registered, and then everybody waits out a lease.
 */
export function withdrawFirst(state: Releasing, turn: Turn): readonly [Releasing, readonly Effect[]] {
  const withdrawBy = Math.min(turn.at + withdrawalTakes, (turn.at + state.giveUpAt) / 2);
  return [{ ...state, withdrawBy }, [{ kind: "candidacy", wish: "withdraw" }]];
}

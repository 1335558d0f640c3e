/**
 * Elected by the server, and unable to confirm it: no right to update the Lease, or nothing of ours gets through. As such a candidate answers
 * the server's pings it stays the best one, and nobody else is ever elected. So it takes its candidacy back, and stands again later.
 */
import { isOurs } from "./elector.ts";
import type { Standby, StandbyRequest } from "./state.ts";
import type { Effect, Millis, Turn } from "./types.ts";

/** `since`: when the first write was sent that did not confirm it; Infinity: none. `withdrawals`: how often that led to nothing. */
export interface Unconfirmed {
  readonly since: Millis;
  readonly withdrawals: number;
}

export const nothingToConfirm: Unconfirmed = { since: Infinity, withdrawals: 0 };

/** Each rest is twice as long as the one before, and one lease duration at first. */
const longestRest: Millis = 5 * 60_000;

/** The acquire did not succeed. */
export function notConfirmed(state: Standby, { from, sentAt }: StandbyRequest & { kind: "acquire" }): Unconfirmed {
  const { since, withdrawals } = state.unconfirmed;
  return { withdrawals, since: from === "elected" || from === "own" ? Math.min(since, sentAt) : since };
}

/** What is left of it once the Lease is known anew: nothing, if it is somebody else's. */
export function stillUnconfirmed({ view, unconfirmed }: Standby, turn: Turn): Unconfirmed {
  const isNamed = view.kind === "found" && isOurs(view.lease.record, turn);
  return isNamed ? unconfirmed : { ...unconfirmed, since: Infinity };
}

/** When somebody else has to be let in: as long as a leader may try to renew. Infinity: not to be told. */
export function giveUpAt({ unconfirmed, request }: Standby, { elector, me }: Turn): Millis {
  return elector.kind === "server" && request === null ? unconfirmed.since + me.timing.renewDeadline : Infinity;
}

/**
 * Withdraws and rests, if it is time to; told once, however often. Who has stepped down, or withdrew so, is a candidate of the server again
 * when others had their time.
 */
export function standOrNot(state: Standby, turn: Turn): readonly [Standby, readonly Effect[]] {
  const isDue = turn.elector.kind === "withdrawn" && turn.at >= state.restUntil;
  if (isDue) return [state, [{ kind: "candidacy", wish: "register" }]];
  if (turn.at < giveUpAt(state, turn)) return [state, []];
  const { since, withdrawals } = state.unconfirmed;
  const rest = Math.min(turn.me.timing.leaseDuration * 2 ** withdrawals, longestRest);
  const message = state.acquires.message ?? "others change the Lease all the time";
  const report: Effect = { kind: "report", report: { kind: "unconfirmed", message, after: turn.at - since, rest } };
  const resting: Standby = {
    ...state,
    unconfirmed: { since: Infinity, withdrawals: withdrawals + 1 },
    restUntil: turn.at + rest,
  };
  return [resting, [...(withdrawals === 0 ? [report] : []), { kind: "candidacy", wish: "withdraw" }]];
}

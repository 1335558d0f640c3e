/**
 * The life of a candidate.
 *
 *             +---------------------------------------------------+
 *             |  acquired too late, then somebody else's          |
 *             v                                                   |
 *         standby ------------ acquired ------------------> leading
 *             |                                               |  |
 *    signal   |   lost, asked to stop, or the command ended   |  |  the command
 *    while    |                  +----------------------------+  |  could not be
 *    standing |                  v                               |  started
 *    by       |              stopping                            |
 *             |                  | tree gone                     |
 *             |                  v                               |
 *             +------------> releasing <-------------------------+
 *             |                  | released, not ours, or no time left
 *             v                  v
 *          finished  <-----------+      (from stopping directly, when the Lease is somebody else's)
 *
 * After a hand-over (yielding.ts) releasing, or stopping when the Lease is somebody else's already, leads back to standby.
 *
 * With a schedule, stopping leads back to leading when the command of a tick has ended; leading is then idle, and what ends it there
 * goes straight to releasing.
 *
 * Asked on the Lease to step down (step-down.ts), a leader goes through stopping (from idle: straight) to releasing, and from there
 * back to standby, where it rests; only a job whose wait is limited finishes.
 *
 * Without leader election a candidate begins as `direct`, which knows no Lease: stopping, then finished.
 *
 * The only ways into releasing are: the tree is gone; there never was one. Stop, confirm, release: never another order.
 */
import { standbyWake } from "./contending.ts";
import { direct } from "./direct.ts";
import { leading, leadingWake } from "./leading.ts";
import { releasing, releasingWake } from "./releasing.ts";
import { standby } from "./standby.ts";
import type { State } from "./state.ts";
import { stoppingStep, stoppingWake } from "./stopping.ts";
import type { Effect, Event, Millis, Turn } from "./types.ts";

export { initial } from "./contending.ts";
export { initialDirect } from "./direct.ts";
export { endsStandby } from "./standby.ts";

/** The state after an event, and what has to be done about it, in order. Total: any event may come in any phase. */
export function step(state: State, event: Event, turn: Turn): readonly [State, readonly Effect[]] {
  switch (state.phase) {
    case "direct":
      return direct(state, event, turn);
    case "standby":
      return standby(state, event, turn);
    case "leading":
      return leading(state, event, turn);
    case "stopping":
      return stoppingStep(state, event, turn);
    case "releasing":
      return releasing(state, event, turn);
    case "finished":
      return [state, []];
  }
}

/** When a tick is due at the latest, on the candidate's own clock; Infinity when only events matter. */
export function nextWake(state: State, turn: Turn): Millis {
  switch (state.phase) {
    case "direct":
      return state.overrunAt;
    case "standby":
      return standbyWake(state, turn);
    case "leading":
      return leadingWake(state, turn);
    case "stopping":
      return stoppingWake(state);
    case "releasing":
      return releasingWake(state);
    case "finished":
      return Infinity;
  }
}

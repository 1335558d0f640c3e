/**
 * The life of a candidate.
 *
 *            +---------------------------------------------------+
 *            |  acquired too late, then somebody else's          |
 *            v                                                   |
 *         standby ------------ acquired ------------------> leading
 *         |     ^                                            |  |
 *         |     |  stepped   lost, asked to stop or to step  |  |  the command could
 *  signal |     |  down      down, or the command ended      |  |  not be started, or
 *  while  |     |              +-----------------------------+  |  asked to step down
 *  stand- |     |              v                                |  before there was one
 *  ing by |     |          stopping                             |
 *         |     |              | tree gone                      |
 *         |     |              v                                |
 *         |     +--------- releasing <--------------------------+
 *         |                  ^ |
 *         +------------------+ | released, not ours, or no time left
 *         v                    v
 *      finished <--------------+
 *
 * Where the Lease is somebody else's already, stopping leads on directly to where releasing would.
 *
 * With a schedule, stopping leads back to leading when the command of a tick has ended; leading is then idle, and what ends it there
 * goes straight to releasing.
 *
 * Asked on the Lease to step down (step-down.ts), by a user or because the server prefers another one, a leader is back in standby after its
 * release, where it rests or is a candidate anew; only a job whose wait is limited finishes.
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

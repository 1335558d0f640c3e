/** What only shows inside a candidate: a start follows on an acknowledged write and on nothing else, with its deadline. */
import type { Answered, WriteResult } from "../../src/core/lease.ts";
import type { Effect, Event, Millis } from "../../src/core/types.ts";
import { Violation } from "./judge.ts";
import type { SimCandidate } from "./sim-candidate.ts";

interface Knowledge {
  /** When each write was sent, by its id, on the candidate's own clock. */
  readonly sentAt: Map<number, Millis>;
  /** The write whose answer comes next, and whether it comes too late. */
  answer: { readonly result: WriteResult; readonly sentAt: Millis; readonly late: boolean } | null;
  /** The last deadline the guard was told. */
  killAt: Millis;
}

/** By how much the server, which elects, may be earlier: its clock is up to a second ahead of its `Date`, another server's half a second more. */
function serverTakes({ lease, serverTime }: Answered): Millis {
  const { coordination, renewTime } = lease.record;
  if (coordination === null || serverTime === undefined || renewTime === null) return 0;
  return Math.max(0, serverTime + 1_500 - renewTime);
}

export class Insider {
  readonly #all = new Map<SimCandidate, Knowledge>();

  writeSent(candidate: SimCandidate, id: number, at: Millis): void {
    this.#of(candidate).sentAt.set(id, at);
  }

  writeAnswered(candidate: SimCandidate, id: number, result: WriteResult, late: boolean): void {
    const known = this.#of(candidate);
    known.answer = { result, sentAt: known.sentAt.get(id) ?? -Infinity, late };
  }

  stepped(candidate: SimCandidate, event: Event, effects: readonly Effect[], at: Millis): void {
    const known = this.#of(candidate);
    const { identity, timing } = candidate.me;
    const { command } = candidate;
    const killing = effects.some(({ kind }) => kind === "kill-tree");
    const exists = command.status === "starting" || command.status === "alive";
    if (at >= known.killAt && exists && !command.killAsked && !killing)
      throw new Violation(`${identity} took ${event.kind} after its kill deadline without killing the tree`);
    for (const effect of effects) {
      if (effect.kind !== "start" && effect.kind !== "guard-until") continue;
      const { answer } = known;
      if (event.kind !== "written" || answer?.result.kind !== "stored" || answer.late)
        throw new Violation(
          `${identity}: ${effect.kind} follows on ${event.kind}, not on a write that was acknowledged`,
        );
      const latest = answer.sentAt + 0.99 * (timing.leaseDuration - serverTakes(answer.result)) - 1_500;
      // A tick may be recorded within the second of the renewal before it: client-go does not see that, and nothing moves.
      const isSooner = effect.kind === "start" && effect.tick !== null && effect.killAt < latest;
      if (Math.abs(effect.killAt - latest) > 1e-3 && !isSooner)
        throw new Violation(`${identity}: ${effect.kind} until ${effect.killAt} instead of ${latest}`);
      if (effect.kind === "start" && effect.lease?.version !== answer.result.lease.version)
        throw new Violation(`${identity}: a fencing token that is not the version of the acknowledged write`);
      known.killAt = effect.killAt;
    }
    if (event.kind === "written") known.answer = null;
  }

  #of(candidate: SimCandidate): Knowledge {
    let known = this.#all.get(candidate);
    if (known === undefined) {
      known = { sentAt: new Map(), answer: null, killAt: Infinity };
      this.#all.set(candidate, known);
    }
    return known;
  }
}

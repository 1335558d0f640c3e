/**
 * The guard of a leader-exec that died has its Lease released, as src/release-main.ts does it: over the same network, some time
 * later, with requests that get lost, are applied without an answer, or meet those that the dead one still had under way. At times
 * there are two (a guard that had been replaced): each looks for itself.
 */
import type { ReadResult, WriteResult } from "../../src/core/lease.ts";
import type { Estate } from "../../src/core/on-behalf.ts";
import type { Millis } from "../../src/core/types.ts";
import type { SimCandidate } from "./sim-candidate.ts";
import type { Sim } from "./sim.ts";

const oneRequest: Millis = 1_500;
const firstPause: Millis = 20;
const longestPause: Millis = 500;

/** `until`: on the clock of its machine. */
export function releaseOnBehalf(sim: Sim, dead: SimCandidate, estate: Estate, until: Millis): void {
  const { agenda, dice } = sim;
  for (let guards = dice.chance(0.1) ? 2 : 1; guards > 0; guards--) {
    const takes = dice.chance(0.8) ? dice.between(30, 300) : dice.between(300, 4_000);
    agenda.after(takes, () => attempt(sim, dead, estate, until, 0));
  }
}

function attempt(sim: Sim, dead: SimCandidate, estate: Estate, until: Millis, tries: number): void {
  const { api, core, judge } = sim;
  const { machine, me } = dead;
  const askedAt = machine.clock();
  if (tries === 0)
    machine.link.ask(
      () => sim.candidates.delete(me.identity),
      () => undefined,
    );
  if (askedAt >= until) return;
  const again = (): void => {
    sim.agenda.after(Math.min(firstPause * 2 ** tries, longestPause), () =>
      attempt(sim, dead, estate, until, tries + 1),
    );
  };
  ask<ReadResult>(
    sim,
    dead,
    () => machine.link.read(),
    (found) => {
      if (found.kind === "missing" || machine.clock() >= until) return;
      if (found.kind === "failed") {
        again();
        return;
      }
      const write = core.releaseFor(estate, found, { at: askedAt, wall: machine.wall() });
      if (write === null) return;
      sim.trace?.(me.identity, "its guard releases");
      ask<WriteResult>(
        sim,
        dead,
        () => {
          judge.writeArrives(dead, -1);
          return api.write(write, me.identity);
        },
        (written) => {
          if (written.kind === "failed" || written.kind === "conflict") again();
        },
      );
    },
  );
}

/** An answer, or in time a failure. */
function ask<T extends object>(
  sim: Sim,
  { machine }: SimCandidate,
  apply: () => T,
  answered: (result: T | { readonly kind: "failed" }) => void,
): void {
  let over = false;
  const once = (result: T | { readonly kind: "failed" }): void => {
    if (over) return;
    over = true;
    answered(result);
  };
  sim.agenda.after(oneRequest, () => once({ kind: "failed" }));
  machine.link.ask<T>(apply, once);
}

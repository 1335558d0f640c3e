/**
 * Jobs: the scenario of a seed with candidates that wait for a limited time or not at all, ask for a pause after their run, and limit
 * it. Their dice are others than the scenario's, so that a seed goes on meaning what it meant.
 */
import type { Job, Patience } from "../../src/core/job.ts";
import type { Millis } from "../../src/core/types.ts";
import { Dice } from "./dice.ts";
import { scenarioOf, type Scenario } from "./scenario.ts";
import { serverEpoch } from "./sim-api.ts";

export function jobScenarioOf(seed: number): Scenario {
  const scenario = scenarioOf(seed);
  const dice = new Dice(seed ^ 0x10b5);
  const machines = scenario.machines.map((machine) => {
    // Some time of day is right within a second, and so tells who looks alive.
    const wallOffset = dice.chance(0.5) ? serverEpoch + dice.between(-500, 500) : machine.wallOffset;
    return { ...machine, wallOffset };
  });
  return { ...scenario, machines, jobs: true };
}

/** What the next candidate of a machine is asked for. `now`: on its clock. */
export function jobOf(dice: Dice, now: Millis, leaseDuration: Millis): Job {
  const span = dice.between(100, 2 * leaseDuration);
  const patience = dice.pick<Patience>([
    { kind: "endless" },
    { kind: "none" },
    { kind: "limited", until: now + span, span },
  ]);
  return {
    patience,
    holdAtLeast: dice.chance(0.5) ? 0 : dice.between(500, 15_000),
    maxRun: dice.chance(0.5) ? Infinity : dice.between(300, 6_000),
    once: null,
    schedule: null,
  };
}

/** Requests to step down: the scenario of a seed, plain, with jobs, with --once or with a schedule, in which holders are asked to hand over. */
import { Dice } from "./dice.ts";
import { jobScenarioOf } from "./jobs.ts";
import { onceScenarioOf } from "./once.ts";
import { scenarioOf, type Fault, type Scenario } from "./scenario.ts";
import { scheduleScenarioOf } from "./schedule.ts";

const kinds = [scenarioOf, scenarioOf, jobScenarioOf, onceScenarioOf, scheduleScenarioOf];

export function stepDownScenarioOf(seed: number): Scenario {
  const kind = kinds[seed % kinds.length] ?? scenarioOf;
  const scenario = kind(seed);
  const dice = new Dice(seed ^ 0x57ed);
  const faults = Array.from({ length: 1 + dice.below(4) }, (): Fault => {
    const at = dice.between(400, scenario.calmFrom);
    const of = dice.chance(0.85) ? "holder" : "nobody";
    if (dice.chance(0.5)) return { at, kind: "step-down", of };
    return {
      at,
      on: { what: dice.pick(["acquired", "written", "released"] as const), after: dice.between(0, 50) },
      kind: "step-down",
      of,
    };
  });
  return { ...scenario, faults: [...scenario.faults, ...faults].sort((a, b) => a.at - b.at) };
}

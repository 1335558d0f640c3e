/** The simulation can fail: every wrong core is caught within a bounded number of seeds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { coordinatedScenarioOf } from "./coordinated.ts";
import { jobScenarioOf } from "./jobs.ts";
import { mutantCore, mutants, type Mutant } from "./mutants.ts";
import { onceScenarioOf } from "./once.ts";
import { scenarioOf, type Scenario } from "./scenario.ts";
import { scheduleScenarioOf } from "./schedule.ts";
import { stepDownScenarioOf } from "./step-down.ts";
import { simulate, type Settings } from "./simulate.ts";

const enough = 20_000;
/** A command that starts late is no proof of danger. */
const slow = /^no command runs/;

function scenarioFor({ once, jobs, schedule, stepDown, coordinated, focus }: Mutant, seed: number): Scenario {
  if (stepDown) return stepDownScenarioOf(seed);
  if (coordinated) return coordinatedScenarioOf(seed);
  if (schedule) return scheduleScenarioOf(seed);
  return once ? onceScenarioOf(seed) : jobs ? jobScenarioOf(seed) : scenarioOf(seed, focus);
}

for (const mutant of mutants) {
  void test(`caught: ${mutant.name}`, async () => {
    const core = await mutantCore(mutant);
    const settings: Settings = {
      ...(core === undefined ? {} : { core }),
      ticksFirst: mutant.tickless !== true,
      hastyGuard: mutant.hastyGuard ?? false,
      insight: mutant.insight ?? false,
    };
    for (let seed = 0; seed < enough; seed++) {
      const { violation } = simulate(scenarioFor(mutant, seed), settings);
      if (violation === null || slow.test(violation)) continue;
      console.log(`mutant "${mutant.name}": caught by seed ${seed}: ${violation}`);
      return;
    }
    assert.fail(`${enough} seeds and nothing found: the simulation is blind to "${mutant.name}"`);
  });
}

/** The simulation can fail: every wrong core is caught within a bounded number of seeds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { families } from "./families.ts";
import { mutantCore, mutants, type Mutant } from "./mutants.ts";
import { scenarioOf, type Scenario } from "./scenario.ts";
import { simulate, type Settings } from "./simulate.ts";

const enough = 20_000;
/** A command that starts late is no proof of danger. */
const slow = /^no command runs/;

/** The one family in which it shows. */
const shows = ["stepDown", "coordinated", "mixed", "schedule", "once", "jobs"] as const;

function scenarioFor(mutant: Mutant, seed: number): Scenario {
  const family = shows.find((name) => mutant[name]);
  return family === undefined ? scenarioOf(seed, mutant.focus) : families[family].scenarioOf(seed);
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
      if (violation === null || (slow.test(violation) && !mutant.idle)) continue;
      console.log(`mutant "${mutant.name}": caught by seed ${seed}: ${violation}`);
      return;
    }
    assert.fail(`${enough} seeds and nothing found: the simulation is blind to "${mutant.name}"`);
  });
}

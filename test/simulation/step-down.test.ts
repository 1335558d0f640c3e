/** Step-down under virtual time: whoever asks, and whatever breaks meanwhile, every invariant holds. STEP_DOWN_SEED=n replays one seed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "./explain.ts";
import { families, seedToReplay } from "./families.ts";
import { simulate } from "./simulate.ts";

const family = families.stepDown;
const wanted = Number(process.env["STEP_DOWN_SEEDS"] ?? 3_000);
const one = seedToReplay(family);
/** As in simulation.test.ts: a machine with all hands full does a part. */
const patience = process.env["STEP_DOWN_SEEDS"] === undefined ? 30_000 : Infinity;

void test("step-down: never two commands, never a release before the tree is gone, and who stepped down rests", () => {
  const began = performance.now();
  const first = one ?? 0;
  const end = one === null ? wanted : first + 1;
  let [seed, starts, steppedDown] = [first, 0, 0];
  for (; seed < end && performance.now() - began < patience; seed++) {
    const { violation, figures } = simulate(family.scenarioOf(seed));
    if (violation !== null) assert.fail(explain(seed, family));
    starts += figures.starts;
    steppedDown += figures.steppedDown;
  }
  console.log(`step-down: seeds ${seed - first}, commands ${starts}, stepped down ${steppedDown}`);
  if (one !== null) return;
  assert.ok(seed >= wanted / 20, `only ${seed} of ${wanted} seeds`);
  assert.ok(steppedDown > seed / 4, "requests were answered");
});

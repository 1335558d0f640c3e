/** Step-down under virtual time: whoever asks, and whatever breaks meanwhile, every invariant holds. STEP_DOWN_SEED=n replays one seed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "./explain.ts";
import { simulate } from "./simulate.ts";
import { stepDownScenarioOf } from "./step-down.ts";

const wanted = Number(process.env["STEP_DOWN_SEEDS"] ?? 3_000);
const { STEP_DOWN_SEED: one } = process.env;
/** As in simulation.test.ts: a machine with all hands full does a part. */
const patience = process.env["STEP_DOWN_SEEDS"] === undefined ? 30_000 : Infinity;

void test("step-down: never two commands, never a release before the tree is gone, and who stepped down rests", () => {
  const began = performance.now();
  const first = one === undefined ? 0 : Number(one);
  const end = one === undefined ? wanted : first + 1;
  let [seed, starts, steppedDown] = [first, 0, 0];
  for (; seed < end && performance.now() - began < patience; seed++) {
    const scenario = stepDownScenarioOf(seed);
    const { violation, figures } = simulate(scenario);
    if (violation !== null) assert.fail(explain(seed, {}, 80, scenario));
    starts += figures.starts;
    steppedDown += figures.steppedDown;
  }
  console.log(`step-down: seeds ${seed - first}, commands ${starts}, stepped down ${steppedDown}`);
  if (one !== undefined) return;
  assert.ok(seed >= wanted / 20, `only ${seed} of ${wanted} seeds`);
  assert.ok(steppedDown > seed / 4, "requests were answered");
});

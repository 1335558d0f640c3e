/** Jobs under virtual time: the same faults, and pauses, limited waits and limited runs. JOB_SEED=n replays one seed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "./explain.ts";
import { families, seedToReplay } from "./families.ts";
import { simulate } from "./simulate.ts";

const family = families.jobs;
const wanted = Number(process.env["JOB_SEEDS"] ?? 2_000);
const one = seedToReplay(family);
/** As in simulation.test.ts: a machine with all hands full does a part. */
const patience = process.env["JOB_SEEDS"] === undefined ? 30_000 : Infinity;

void test("jobs: at most one at a time, pauses are kept, waits and runs end on time, whatever breaks", () => {
  const began = performance.now();
  const total = { starts: 0, refused: 0, overruns: 0, pauses: 0 };
  let seed = one ?? 0;
  const end = one === null ? wanted : seed + 1;
  const first = seed;
  for (; seed < end && performance.now() - began < patience; seed++) {
    const { violation, figures } = simulate(family.scenarioOf(seed));
    if (violation !== null) assert.fail(explain(seed, family));
    total.starts += figures.starts;
    total.refused += figures.refused;
    total.overruns += figures.overruns;
    total.pauses += figures.pauses;
  }
  console.log(
    `jobs: seeds ${seed - first}, commands ${total.starts}, not run ${total.refused}, stopped by their limit ${total.overruns}, pauses ${total.pauses}`,
  );
  if (one !== null) return;
  assert.ok(seed >= wanted / 20, `only ${seed} of ${wanted} seeds`);
  assert.ok(
    Math.min(total.starts, total.refused, total.overruns, total.pauses) > seed / 10,
    "every kind of end was met",
  );
});

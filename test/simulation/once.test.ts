/** `--once` under virtual time: one recorded success for each key, whatever breaks. ONCE_SEED=n replays one seed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "./explain.ts";
import { families, seedToReplay } from "./families.ts";
import { simulate } from "./simulate.ts";

const family = families.once;
const wanted = Number(process.env["ONCE_SEEDS"] ?? 3_000);
const one = seedToReplay(family);
/** As in simulation.test.ts: a machine with all hands full does a part. */
const patience = process.env["ONCE_SEEDS"] === undefined ? 30_000 : Infinity;

void test("--once: never two attempts at once, never one of what is recorded, and never 0 without a record", () => {
  const began = performance.now();
  const total = { starts: 0, recorded: 0, spared: 0, unrecorded: 0, refused: 0, again: 0 };
  let seed = one ?? 0;
  const end = one === null ? wanted : seed + 1;
  const first = seed;
  for (; seed < end && performance.now() - began < patience; seed++) {
    const { violation, figures } = simulate(family.scenarioOf(seed));
    if (violation !== null) assert.fail(explain(seed, family));
    total.starts += figures.starts;
    for (const name of ["recorded", "spared", "unrecorded", "refused", "again"] as const)
      total[name] += figures.once[name];
  }
  console.log(
    `--once: seeds ${seed - first}, commands ${total.starts}, recorded ${total.recorded}, spared ${total.spared}, ` +
      `succeeded but not recorded ${total.unrecorded}, run again after such an end or a crash ${total.again}, refused ${total.refused}`,
  );
  if (one !== null) return;
  assert.ok(seed >= wanted / 20, `only ${seed} of ${wanted} seeds`);
  assert.ok(Math.min(total.recorded, total.spared) > seed && total.unrecorded > 0, "every kind of end was met");
  assert.ok(Math.min(total.again, total.refused) > 0, "every kind of end was met");
});

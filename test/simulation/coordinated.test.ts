/** Coordinated leader election under virtual time: the server elects by its own clock, and there are never two commands. COORDINATED_SEED=n
 * and MIXED_SEED=n replay one seed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "./explain.ts";
import { families, seedToReplay, type Family } from "./families.ts";
import { coordinatedRegressions } from "./regressions.ts";
import { simulate } from "./simulate.ts";

const wanted = Number(process.env["SEEDS"] ?? 10_000);
/** As in simulation.test.ts: a machine with all hands full does a part. */
const patience = process.env["SEEDS"] === undefined ? 60_000 : Infinity;

void test("seeds of elections by the server that once failed hold", () => {
  for (const { family, seed, what } of coordinatedRegressions)
    assert.equal(simulate(families[family].scenarioOf(seed)).violation, null, what);
});

void test("where the server elects there are never two commands, whatever breaks", () => run("coordinated"));

void test("with plain candidates and those of client-go on the Lease, and hands that change it, there are never two commands", () =>
  run("mixed"));

function run(name: "coordinated" | "mixed"): void {
  const family: Family = families[name];
  const one = seedToReplay(family);
  if (one !== null) console.log(explain(one, family, Infinity));
  const began = performance.now();
  const total = { starts: 0, excused: 0, margin: Infinity, recovery: 0 };
  const first = one ?? 0;
  const end = one === null ? wanted : first + 1;
  let seed = first;
  for (; seed < end && performance.now() - began < patience; seed++) {
    const { violation, figures } = simulate(family.scenarioOf(seed));
    if (violation !== null) assert.fail(explain(seed, family));
    total.starts += figures.starts;
    total.excused += figures.excused;
    total.margin = Math.min(total.margin, figures.margin);
    total.recovery = Math.max(total.recovery, figures.recovery);
  }
  console.log(
    `${name}: seeds ${seed - first}, commands ${total.starts}, overlaps 0 (${total.excused} made by hands), smallest margin ` +
      `${Math.round(total.margin)} ms, slowest recovery ${(total.recovery / 1000).toFixed(1)} s`,
  );
  if (one === null) assert.ok(seed >= wanted / 10, `only ${seed} of ${wanted} seeds`);
}

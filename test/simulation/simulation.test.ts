/**
 * The invariants of FAULTS.md over tens of thousands of scenarios: the real core under virtual time. SEED=n replays one seed and
 * prints its trace; SEEDS=n runs more of them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Millis } from "../../src/core/types.ts";
import { explain } from "./explain.ts";
import { families, seedToReplay } from "./families.ts";
import { regressions } from "./regressions.ts";
import { scenarioOf } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const wanted = Number(process.env["SEEDS"] ?? 20_000);
/** A machine with all hands full gets this long, and then has to have done a quarter. */
const patience: Millis = process.env["SEEDS"] === undefined ? 60_000 : Infinity;

void test("seeds that once failed hold", () => {
  for (const { seed, focus, what } of regressions)
    assert.equal(simulate(scenarioOf(seed, focus)).violation, null, what);
});

const one = seedToReplay(families.plain);
if (one !== null) {
  void test(`seed ${one}`, () => {
    console.log(explain(one, families.plain, Infinity));
    assert.equal(simulate(scenarioOf(one)).violation, null);
  });
} else {
  void test("never two commands, whatever breaks: the same core under virtual time", () => {
    const began = performance.now();
    const total = { virtual: 0, starts: 0, takeovers: 0, excused: 0, margin: Infinity, requests: 0, recovery: 0 };
    let seed = 0;
    for (; seed < wanted && performance.now() - began < patience; seed++) {
      const { violation, figures, virtual } = simulate(scenarioOf(seed));
      if (violation !== null) assert.fail(explain(seed));
      total.virtual += virtual;
      total.starts += figures.starts;
      total.takeovers += figures.takeovers;
      total.excused += figures.excused;
      total.margin = Math.min(total.margin, figures.margin);
      total.requests = Math.max(total.requests, figures.mostRequests);
      total.recovery = Math.max(total.recovery, figures.recovery);
    }
    const took = performance.now() - began;
    console.log(
      `simulation: seeds ${seed}, virtual hours ${Math.round(total.virtual / 3_600_000)}, commands ${total.starts}, ` +
        `take-overs of live terms ${total.takeovers}, overlaps 0 (${total.excused} made by hands), smallest margin ` +
        `${Math.round(total.margin)} ms, at most ${total.requests} requests a second, slowest recovery ` +
        `${(total.recovery / 1000).toFixed(1)} s, ${Math.round((1000 * seed) / took)} seeds/s`,
    );
    assert.ok(seed >= wanted / 4, `only ${seed} of ${wanted} seeds in ${Math.round(took / 1000)} s`);
    if (seed < wanted) console.log(`simulation: this machine was too busy for all ${wanted} seeds`);
  });
}

/** Coordinated leader election under virtual time: the server elects by its own clock, and there are never two commands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { coordinatedScenarioOf } from "./coordinated.ts";
import { explain } from "./explain.ts";
import { simulate } from "./simulate.ts";

const wanted = Number(process.env["SEEDS"] ?? 10_000);
const patience = process.env["SEEDS"] === undefined ? 60_000 : Infinity;

void test("where the server elects there are never two commands, whatever breaks", () => {
  const began = performance.now();
  const total = { starts: 0, takeovers: 0, margin: Infinity, recovery: 0 };
  let seed = 0;
  for (; seed < wanted && performance.now() - began < patience; seed++) {
    const scenario = coordinatedScenarioOf(seed);
    const { violation, figures } = simulate(scenario);
    if (violation !== null) assert.fail(explain(seed, {}, 80, scenario));
    total.starts += figures.starts;
    total.margin = Math.min(total.margin, figures.margin);
    total.recovery = Math.max(total.recovery, figures.recovery);
  }
  console.log(
    `coordinated: seeds ${seed}, commands ${total.starts}, overlaps 0, smallest margin ${Math.round(total.margin)} ms, ` +
      `slowest recovery ${(total.recovery / 1000).toFixed(1)} s`,
  );
  assert.ok(seed >= wanted / 10, `only ${seed} of ${wanted} seeds`);
});

/** `--schedule` under virtual time: ten thousand ticks over fail-overs. SCHEDULE_SEED=n replays one seed, TICKS=n asks for more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "./explain.ts";
import { families, seedToReplay } from "./families.ts";
import { simulate } from "./simulate.ts";

const family = families.schedule;
const wanted = Number(process.env["TICKS"] ?? 10_000);
const one = seedToReplay(family);
/** As in simulation.test.ts: a machine with all hands full does a part. */
const patience = process.env["TICKS"] === undefined ? 30_000 : Infinity;

void test("a schedule: no tick runs twice, and none before it is on the Lease, whatever breaks and whatever clocks do", () => {
  const began = performance.now();
  const total = { due: 0, run: 0, late: 0, overlap: 0, unrecorded: 0, missed: 0, lost: 0, untold: 0 };
  let takeovers = 0;
  const first = one ?? 0;
  let seed = first;
  for (; total.due < wanted && performance.now() - began < patience; seed++) {
    if (one !== null && seed > first) break;
    const { violation, figures } = simulate(family.scenarioOf(seed));
    if (violation !== null) assert.fail(explain(seed, family));
    takeovers += figures.takeovers;
    for (const name of ["due", "run", "late", "overlap", "unrecorded", "missed", "lost", "untold"] as const)
      total[name] += figures.ticks[name];
  }
  console.log(
    [
      `schedule: seeds ${seed - first}, take-overs ${takeovers}, ticks due ${total.due}, run ${total.run} (${total.late} of all runs later than 1.5 s), run twice 0`,
      `skipped ${total.due - total.run}: an earlier one still ran ${total.overlap}, missed by all ${total.missed}, not recorded in time ${total.unrecorded}, recorded and lost with its leader ${total.lost}, before the first leader, after a clock that was ahead, or last moments ${total.untold}`,
    ].join("\n"),
  );
  if (one !== null) return;
  assert.ok(total.due >= wanted / 20, `only ${total.due} of ${wanted} ticks`);
  assert.ok(total.run > total.due / 3, "most ticks run");
  assert.ok(Math.min(total.overlap, total.missed, total.lost) > 0, "every kind of end was met");
});

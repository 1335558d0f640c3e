import assert from "node:assert/strict";
import { test } from "node:test";
import { initialDirect, step } from "../../src/core/lifecycle.ts";
import type { Effect, Event } from "../../src/core/types.ts";
import type { State } from "../../src/core/state.ts";
import { inPhase, kinds, only, play, sigterm, turn } from "../support/core.ts";

const tick: Event = { kind: "tick" };
const exited: Event = { kind: "command-ended", end: { kind: "exited", code: 3 } };
const starting = () => inPhase(play(initialDirect, [0, tick])[0], "direct");
const running = () => inPhase(play(starting(), [1, { kind: "command-started", pid: 7 }])[0], "direct");

type Row = readonly [name: string, state: State, event: Event, phase: State["phase"], effects: string];
const rows: readonly Row[] = [
  ["without election the command is started at once", initialDirect, tick, "direct", "start"],
  ["it is started once", starting(), tick, "direct", ""],
  ["its start is told", starting(), { kind: "command-started", pid: 7 }, "direct", "report started"],
  [
    "a command that cannot be started ends it",
    starting(),
    { kind: "command-not-started", failure: { reason: "failed", message: "no" } },
    "finished",
    "finish",
  ],
  ["what is left of a command that ended is killed", running(), exited, "stopping", "kill-tree"],
  [
    "SIGTERM is passed on to the tree, and its time runs",
    running(),
    { kind: "signal", signal: sigterm },
    "stopping",
    "report stopping, forward",
  ],
  ["SIGHUP is passed on", running(), { kind: "signal", signal: { name: "SIGHUP", number: 1 } }, "direct", "forward"],
  [
    "a guard that cannot be kept is told",
    running(),
    { kind: "guard-lost", message: "gone" },
    "direct",
    "report unguarded",
  ],
  ["no store answers", running(), { kind: "read", id: 1, result: { kind: "missing" } }, "direct", ""],
  ["no store is written", running(), { kind: "written", id: 1, result: { kind: "missing" } }, "direct", ""],
  ["nothing is watched", running(), { kind: "watched-deletion" }, "direct", ""],
  ["no watch ends", running(), { kind: "watch-ended", reason: "closed" }, "direct", ""],
  ["a tree cannot be gone before its command", running(), { kind: "tree-gone" }, "direct", ""],
];

for (const [name, state, event, phase, effects] of rows) {
  void test(`without election: ${name}`, () => {
    const [next, done] = step(state, event, turn(5));
    assert.equal(kinds(done).join(", "), effects);
    assert.equal(next.phase, phase);
  });
}

void test("without election the outcome says nothing of a Lease", () => {
  const [, effects] = play(running(), [5, exited], [6, { kind: "tree-gone" }]);
  const { outcome } = only(effects, "finish");
  assert.deepEqual(outcome, { kind: "command-ended", end: { kind: "exited", code: 3 }, released: "no-lease" });
});

void test("without election a command that ignores SIGTERM is killed after its grace, a lost guard hurries nobody", () => {
  let state: State = running();
  let effects: readonly Effect[] = [];
  [state] = step(state, { kind: "signal", signal: sigterm }, turn(10));
  [state, effects] = step(state, { kind: "guard-lost", message: "gone" }, turn(11));
  assert.deepEqual(kinds(effects), []);
  [state, effects] = step(state, tick, turn(25_009));
  assert.deepEqual(kinds(effects), []);
  [state, effects] = step(state, tick, turn(25_010));
  assert.deepEqual(kinds(effects), ["kill-tree", "report killing"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { healthFlaw, isCommandRunning, leaseIn, unreadiness } from "../../src/core/health.ts";
import { initial, initialDirect, step } from "../../src/core/lifecycle.ts";
import type { State, Stopping } from "../../src/core/state.ts";
import { planFrom, type Ticks } from "../../src/core/schedule.ts";
import * as core from "../support/core.ts";

const { timing } = core.me;
const flaw = (state: State, at: number, dueAt = Infinity): string | null => healthFlaw(state, dueAt, at, timing);
const every: readonly (readonly [string, State])[] = [
  ["at the start", initial(core.turn(0))],
  ["before the first answer", core.looking()],
  ["standing by", core.waiting()],
  ["acquiring", core.acquiring()],
  ["starting the command", core.starting()],
  ["leading", core.running()],
  ["renewing", core.renewing()],
  ["acquired too late", core.late()],
  ["asked to stop", core.asked()],
  ["lost", core.lost()],
  ["releasing", core.releasing()],
  ["finished", core.finished()],
  ["without election", initialDirect],
];

const never: Ticks = { after: () => Infinity, upTo: () => -Infinity };

test("a candidate is healthy in every phase while its loop turns and its Lease is fresh", () => {
  for (const [name, state] of every) assert.equal(flaw(state, 10_005, 10_100), null, name);
});

test("a candidate whose loop does not turn is unhealthy in every phase that waits for a turn", () => {
  for (const [name, state] of every) {
    assert.equal(flaw(state, 3_000, 0), null, `${name}: a busy machine may be late`);
    assert.equal(flaw(state, 3_001, 0), "the election loop should have turned 3 s ago and did not", name);
  }
});

test("who leads with a Lease older than the lease duration is unhealthy, from that instant on", () => {
  for (const state of [core.running(), core.renewing(), core.lost()]) {
    assert.equal(flaw(state, 15_005), null);
    assert.match(
      flaw(state, 15_006) ?? "",
      /^leading with a stale Lease: it was last renewed 15 s ago, and others may take it after 15 s$/,
    );
  }
  for (const state of [core.waiting(), core.releasing(), core.finished(), initialDirect])
    assert.equal(flaw(state, 1e9), null, state.phase);
});

test("a renewal that is confirmed makes a leader healthy again, counted from when it was sent", () => {
  const renewed = core.play(core.renewing(), [
    2_100,
    { kind: "written", id: 3, result: { kind: "stored", lease: core.mine({ renewTime: core.epoch + 2_005 }, "12") } },
  ])[0];
  assert.equal(flaw(renewed, 17_005), null);
  assert.notEqual(flaw(renewed, 17_006), null);
});

test("a tree that outlives its SIGKILL although somebody else holds the Lease is unhealthy", () => {
  const other = { kind: "watched", lease: core.lease({ holder: "other" }, "12") } as const;
  const killed: Stopping = core.inPhase(core.play(core.running(), [1_000, other])[0], "stopping");
  assert.equal(flaw(killed, 4_000), null);
  assert.match(flaw(killed, 4_001) ?? "", /^the Lease is somebody else's, and the process tree is still there 3 s/);
  assert.equal(flaw({ ...killed, elected: false }, 4_001), null, "without election nobody else runs it");
});

test("a candidate that saw the Lease is ready, one that did not is not: a rollout without rights must stop", () => {
  assert.equal(unreadiness(initial(core.turn(0)), "standby"), "the Lease was not seen yet");
  assert.equal(unreadiness(core.looking(), "standby"), "the Lease was not seen yet");
  for (const [name, state] of every.slice(2)) assert.equal(unreadiness(state, "standby"), null, name);
});

test("with --ready-when leading exactly the one whose command runs is ready", () => {
  const [direct] = step(
    core.play(initialDirect, [0, { kind: "tick" }])[0],
    { kind: "command-started", pid: 7 },
    core.turn(1),
  );
  const running = new Set<State>([core.running(), core.renewing(), direct]);
  for (const state of running) {
    assert.ok(isCommandRunning(state));
    assert.equal(unreadiness(state, "leading"), null);
  }
  const others = every.filter(([name]) => name !== "leading" && name !== "renewing");
  for (const [name, state] of others) assert.match(unreadiness(state, "leading") ?? "", /does not run here/, name);
});

test("a leader with a schedule leads between two ticks, too, and while the tree of a tick's command ends", () => {
  const leader = {
    ...core.running(),
    command: "idle",
    plan: planFrom(null, { ticks: never, catchUp: "none" }, core.turn(0)),
  } as const;
  assert.equal(unreadiness(leader, "leading"), null);
  const ending = step(
    { ...leader, command: "running" },
    { kind: "command-ended", end: { kind: "exited", code: 0 } },
    core.turn(20),
  )[0];
  assert.equal(core.inPhase(ending, "stopping").resume?.plan, leader.plan);
  assert.equal(unreadiness(ending, "leading"), null);
});

test("who leads is told from what the candidate knows itself", () => {
  const holder = (state: State) => leaseIn(state)?.record.holder;
  assert.equal(holder(core.looking()), undefined);
  assert.equal(holder(core.waiting()), "other");
  for (const state of [core.running(), core.asked(), core.lost(), core.releasing()]) assert.equal(holder(state), "me");
  assert.equal(holder(core.finished()), undefined);
  assert.equal(holder(initialDirect), undefined);
});

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { StartFailure } from "../../src/core/types.ts";
import { LabelledRunner } from "../../src/io/labelled-runner.ts";
import type { Aside, AsideAnswer } from "../../src/io/kubernetes-aside.ts";
import { PodLabel } from "../../src/io/pod-label.ts";
import type { CommandRunner } from "../../src/world.ts";

/** A runner whose pod is patched when the test says so; a start waits for 200 ms at most. */
function scene(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  const answers: ((answer: AsideAnswer) => void)[] = [];
  const send = (): Promise<AsideAnswer> => new Promise((resolve) => answers.push(resolve));
  const log = { write: () => undefined };
  const pod = { namespace: "ns", name: "a" };
  const label = new PodLabel({ send } as unknown as Aside, pod, { key: "role", value: "leader" }, log);
  t.after(() => label.close());
  const starts: number[] = [];
  const failures: StartFailure[] = [];
  const untils: number[] = [];
  const inner = {
    listen: () => undefined,
    start: (_: unknown, killAt: number) => starts.push(killAt),
    guardUntil: (killAt: number) => untils.push(killAt),
    killTree: () => undefined,
  } as unknown as CommandRunner;
  const runner = new LabelledRunner(inner, label, { now: () => now, wall: () => now }, 200);
  const unused = (): void => undefined;
  runner.listen({
    ...{ started: unused, ended: unused, treeGone: unused, guardLost: unused },
    notStarted: (failure) => failures.push(failure),
  });
  /** Lets time pass, and then whatever waits for a promise. */
  const pass = async (span: number): Promise<void> => {
    now += span;
    t.mock.timers.tick(span);
    await settle();
  };
  const answer = async (status: number): Promise<void> => {
    answers.shift()?.({ status, headers: {}, body: "", server: "https://api" });
    await settle();
  };
  return { runner, label, starts, failures, untils, pass, answer, freeze: (span: number) => (now += span) };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a command starts as soon as the label is there, and the next ones of a schedule at once", async (t) => {
  const { runner, starts, pass, answer } = scene(t);
  runner.start(null, 3_000, null);
  await pass(50);
  assert.deepEqual(starts, []);
  await answer(200);
  assert.deepEqual(starts, [3_000]);
  runner.start(null, 9_000, null);
  assert.deepEqual(starts, [3_000, 9_000]);
});

test("a patch that is refused, or fails, lets the command start at once, and each later one too", async (t) => {
  const { runner, starts, answer } = scene(t);
  runner.start(null, 3_000, null);
  await answer(403);
  assert.deepEqual(starts, [3_000]);
  runner.start(null, 4_000, null);
  await settle();
  assert.deepEqual(starts, [3_000, 4_000]);
});

test("a patch without an answer holds the command back for the longest wait, and no longer", async (t) => {
  const { runner, starts, pass } = scene(t);
  runner.start(null, 3_000, null);
  await pass(199);
  assert.deepEqual(starts, []);
  await pass(1);
  assert.deepEqual(starts, [3_000]);
});

test("the guard hears the deadline of a renewal that came meanwhile", async (t) => {
  const { runner, starts, untils, pass, answer } = scene(t);
  runner.start(null, 3_000, null);
  await pass(100);
  runner.guardUntil(5_000);
  assert.deepEqual(untils, []);
  await answer(200);
  assert.deepEqual(starts, [5_000]);
  runner.guardUntil(6_000);
  assert.deepEqual(untils, [6_000]);
});

test("after a freeze the command does not start before a renewal has given it as much time as was enough before", async (t) => {
  const { runner, starts, answer, freeze } = scene(t);
  runner.start(null, 3_000, null);
  freeze(2_000);
  await answer(200);
  assert.deepEqual(starts, []);
  runner.guardUntil(4_000);
  assert.deepEqual(starts, [], "2 s are left, of 3 s");
  runner.guardUntil(5_000);
  assert.deepEqual(starts, [5_000]);
});

test("what is cancelled or killed while it waits is not started, and says so once", async (t) => {
  for (const end of ["cancel", "killTree"] as const) {
    const { runner, starts, failures, answer, pass } = scene(t);
    runner.start(null, 3_000, null);
    runner[end]();
    runner.cancel();
    await answer(200);
    await pass(1_000);
    assert.deepEqual([starts.length, failures.length], [0, 1]);
    t.mock.timers.reset();
  }
});

test("a removal that may have been done all the same is followed by a new label when we are to lead again", async (t) => {
  const { label, answer, pass } = scene(t);
  label.want(true);
  await answer(200);
  label.want(false);
  await answer(500);
  assert.equal(label.isOn, false);
  label.want(true); // while it pauses before the next removal
  await pass(0);
  await answer(200);
  assert.equal(label.isOn, true);
});

test("a label that never was there holds nothing up; one that may be there does, until it is gone or the limit is over", async (t) => {
  const { label, answer, pass } = scene(t);
  let gone = 0;
  const wait = (): void => void label.gone(500).then(() => gone++);
  label.want(true);
  await answer(403);
  wait();
  await settle();
  assert.equal(gone, 1, "refused: not there");
  await pass(1_000);
  label.want(false); // while the second try is under way
  wait();
  await pass(499);
  assert.equal(gone, 1);
  await answer(500);
  await answer(422);
  assert.equal(gone, 2, "gone for sure");
  label.want(true);
  wait();
  await pass(500);
  assert.equal(gone, 3, "the limit");
});

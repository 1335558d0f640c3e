import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, step } from "../../src/core/lifecycle.ts";
import type { Standby } from "../../src/core/state.ts";
import type { Event, Millis, Turn } from "../../src/core/types.ts";
import { inPhase, lease, me, only, turn } from "../support/core.ts";

const tick: Event = { kind: "tick" };
const impatient = (at: Millis): Turn => turn(at, { me: { ...me, timing: { ...me.timing, startupTimeout: 1_000 } } });

void test("the first read is answered or given up before --startup-timeout is over, so that its trouble is what is told", () => {
  const [reading, effects] = step(initial(impatient(0)), tick, impatient(0));
  const { deadline } = only(effects, "read");
  assert.ok(deadline < 1_000);
  const failure = { kind: "failed", reason: "credentials", message: "the plugin hangs" } as const;
  const [troubled] = step(reading, { kind: "read", id: 1, result: failure }, impatient(deadline));
  const [end, last] = step(inPhase(troubled, "standby"), tick, impatient(1_000));
  inPhase(end, "finished");
  assert.deepEqual(only(last, "finish").outcome, {
    kind: "start-trouble",
    message: "the plugin hangs",
    waited: 1_000,
    limit: "--startup-timeout",
  });
});

void test("once the Lease was seen nothing that the store does ends a standby", () => {
  const [reading] = step(initial(impatient(0)), tick, impatient(0));
  const found = { kind: "read", id: 1, result: { kind: "found", lease: lease() } } as const;
  const [state] = step(reading, found, impatient(10));
  const [later] = step(state, tick, impatient(1_000_000));
  inPhase(later, "standby");
});

const noNamespace = { kind: "start-trouble", message: "no such namespace", waited: 1_000, limit: "--startup-timeout" };

/** There is no Lease, and the store has just refused to create one. */
function refusedCreation(): Standby {
  const [reading] = step(initial(impatient(0)), tick, impatient(0));
  const [creating, effects] = step(reading, { kind: "read", id: 1, result: { kind: "missing" } }, impatient(10));
  const { id } = only(effects, "write");
  const failure = { kind: "failed", reason: "namespace-missing", message: "no such namespace" } as const;
  const [troubled] = step(creating, { kind: "written", id, result: failure }, impatient(20));
  return inPhase(troubled, "standby");
}

void test("a Lease that is not there and cannot be created, for want of a namespace or of rights, ends it as well", () => {
  const [end, last] = step(refusedCreation(), tick, impatient(1_000));
  inPhase(end, "finished");
  assert.deepEqual(only(last, "finish").outcome, noNamespace);
});

void test("a read that begins just before --startup-timeout is over is not cut short: it would hide why the Lease cannot be created", () => {
  const [looking, more] = step(refusedCreation(), tick, impatient(990));
  assert.ok(only(more, "read").deadline > 1_000);
  const [, last] = step(looking, tick, impatient(1_000));
  assert.deepEqual(only(last, "finish").outcome, noNamespace);
});

void test("a creation that is under way when --startup-timeout is over is undone if it succeeds: no name stays in the Lease", () => {
  const [reading] = step(initial(impatient(0)), tick, impatient(0));
  const [creating, effects] = step(reading, { kind: "read", id: 1, result: { kind: "missing" } }, impatient(990));
  const { id } = only(effects, "write");
  const [leaving] = step(creating, tick, impatient(1_000));
  const created = { kind: "stored", lease: lease({ holder: me.identity }) } as const;
  const [undoing, more] = step(
    inPhase(leaving, "releasing"),
    { kind: "written", id, result: created },
    impatient(1_010),
  );
  const undo = only(more, "write");
  assert.equal(undo.write.record.holder, "");
  const free = { kind: "stored", lease: lease({ holder: "" }) } as const;
  const [, last] = step(undoing, { kind: "written", id: undo.id, result: free }, impatient(1_020));
  assert.equal(only(last, "finish").outcome.kind, "start-trouble");
});

void test("--startup-timeout 0 waits for ever", () => {
  const patient = (at: Millis): Turn => turn(at, { me: { ...me, timing: { ...me.timing, startupTimeout: 0 } } });
  const [reading, effects] = step(initial(patient(0)), tick, patient(0));
  assert.equal(only(effects, "read").deadline, 10_000);
  inPhase(step(reading, tick, patient(10_000_000))[0], "standby");
});

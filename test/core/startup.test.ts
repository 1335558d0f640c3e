import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, step } from "../../src/core/lifecycle.ts";
import type { Event, Millis, Turn } from "../../src/core/types.ts";
import { inPhase, me, only, turn } from "../support/core.ts";

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
  assert.deepEqual(only(last, "finish").outcome, { kind: "start-trouble", message: "the plugin hangs", waited: 1_000 });
});

void test("after one successful read nothing that the store does ends a standby", () => {
  const [reading] = step(initial(impatient(0)), tick, impatient(0));
  const found = { kind: "read", id: 1, result: { kind: "missing" } } as const;
  const [state] = step(reading, found, impatient(10));
  const [later] = step(state, tick, impatient(1_000_000));
  inPhase(later, "standby");
});

void test("--startup-timeout 0 waits for ever", () => {
  const patient = (at: Millis): Turn => turn(at, { me: { ...me, timing: { ...me.timing, startupTimeout: 0 } } });
  const [reading, effects] = step(initial(patient(0)), tick, patient(0));
  assert.equal(only(effects, "read").deadline, 10_000);
  inPhase(step(reading, tick, patient(10_000_000))[0], "standby");
});

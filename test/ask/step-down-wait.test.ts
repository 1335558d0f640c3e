import assert from "node:assert/strict";
import { test } from "node:test";
import { waitForSuccessor } from "../../src/ask/step-down-wait.ts";
import type { ReadResult } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import { createClock } from "../../src/io/clock.ts";
import type { LeaseStore } from "../../src/world.ts";
import { lease } from "../support/core.ts";

const clock = createClock();
const failure: ReadResult = { kind: "failed", reason: "timeout", message: "no answer" };
const found: ReadResult = { kind: "found", lease: lease({ holder: "a" }) };

/** Answers with what each read is to find; a failure comes when its time is over. */
function storeThat(...answers: readonly ReadResult[]): LeaseStore {
  const left = [...answers];
  const read = async (deadline: Millis): Promise<ReadResult> => {
    const answer = left.shift() ?? failure;
    if (answer.kind === "failed") await new Promise((resolve) => setTimeout(resolve, deadline - clock.now()));
    return answer;
  };
  const unasked = (): never => assert.fail("nobody writes");
  return { description: "", read, write: unasked, watch: () => ({ close: () => undefined }), close: () => undefined };
}

const waited = (store: LeaseStore) =>
  waitForSuccessor({ store, clock, holder: "a", until: clock.now() + 1_200, timeout: 10_000 });

void test("a last look that the end of the wait cuts off is no failure: the holder still holds it", async () => {
  assert.deepEqual(await waited(storeThat(found, failure)), { kind: "held" });
});

void test("who could not look even once says why", async () => {
  assert.deepEqual(await waited(storeThat(failure)), { kind: "failed", message: "no answer" });
});

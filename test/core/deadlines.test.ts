import assert from "node:assert/strict";
import { test } from "node:test";
import { deadlines, freshEnoughToStart, requestDeadline } from "../../src/core/deadlines.ts";
import { me } from "../support/core.ts";

const short = { ...me.timing, leaseDuration: 5_000, renewDeadline: 2_000, retryPeriod: 500, killAfter: 1_000 };

void test("everything is dead before the lease can be taken: stop signal, then SIGKILL, then expiry", () => {
  assert.deepEqual(deadlines(1_000, 15_000, me.timing), { term: 11_000, kill: 14_350, expiry: 15_850 });
  assert.deepEqual(deadlines(0, 5_000, short), { term: 2_000, kill: 3_450, expiry: 4_950 });
});

void test("a kill-after that needs more room moves the stop signal forward, never the kill deadline", () => {
  const { term, kill } = deadlines(0, 15_000, { ...me.timing, killAfter: 5_000 });
  assert.equal(kill, 13_350);
  assert.equal(term, 8_350);
});

void test("a request gets a third of the renew deadline, and nothing beyond the stop signal", () => {
  assert.equal(requestDeadline(0, 90_000, short), 2_000 / 3);
  assert.equal(requestDeadline(1_900, 2_000, short), 2_000);
});

void test("a command starts only while half of the time before the stop signal is left", () => {
  assert.equal(freshEnoughToStart(5_000, 0, 10_000), true);
  assert.equal(freshEnoughToStart(5_001, 0, 10_000), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { renewalsAMinute } from "../../bench/idle.ts";

void test("renewals are counted over whole intervals, whatever else was asked and wherever the window ends", () => {
  const at = [0, 2000, 4000, 6000].map((time) => ({ at: time, verb: "update" }));
  assert.deepEqual(renewalsAMinute([...at, { at: 6001, verb: "get" }]), [30]);
  assert.deepEqual(renewalsAMinute(at.slice(0, 1)), [], "one is no interval");
});

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { newestPid } from "../../src/io/proc.ts";
import { takeSnapshot } from "../../src/io/proc-snapshot.ts";

const skip = existsSync("/proc/self/stat") ? false : "no /proc";
const tells = (...pids: number[]) => {
  let last = 0;
  return (): number => (last = pids.shift() ?? last);
};

void test("a snapshot during which nothing was started is complete, and we are in it", { skip }, () => {
  const { stats, complete } = takeSnapshot(tells(4_000_000, 4_000_000));
  assert.ok(complete);
  assert.ok(stats.some(({ pid }) => pid === process.pid));
});

void test("what was started meanwhile is looked at until nothing new appears", { skip }, () => {
  assert.ok(takeSnapshot(tells(4_000_000, 4_000_002, 4_000_003, 4_000_003)).complete);
});

void test(
  "where pids began again at the lowest, or where the newest is not told, no snapshot is complete",
  { skip },
  () => {
    assert.ok(!takeSnapshot(tells(4_000_000, 300)).complete);
    assert.ok(!takeSnapshot(tells(0)).complete);
    assert.ok(!takeSnapshot(tells(NaN)).complete);
    assert.ok(!takeSnapshot(() => newestPid("/proc")).complete, "a file that cannot be read");
  },
);

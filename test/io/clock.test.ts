import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { createClock, uptimeReader } from "../../src/io/clock.ts";

/** Uptime as /proc shows it, in steps of 10 ms, and monotonic time that stops in suspend. */
function machine() {
  const state = { real: 5_003, suspended: 0 };
  const uptime = (): number => Math.floor(state.real / 10) * 10;
  return { state, clock: createClock(uptime, () => state.real - state.suspended) };
}

void test("time in suspend counts, and the clock never goes back", () => {
  const { state, clock } = machine();
  const start = clock.now();
  state.real += 1_000;
  assert.equal(clock.now() - start, 1_000);
  state.real += 60_000;
  state.suspended += 60_000;
  const gained = clock.now() - start;
  assert.ok(gained >= 60_990 && gained <= 61_010, String(gained));
  let before = clock.now();
  for (let step = 0; step < 1_000; step++) {
    state.real += 0.7;
    const now = clock.now();
    assert.ok(now >= before && now - before < 11);
    before = now;
  }
});

void test("without /proc/uptime it is the monotonic clock", () => {
  let steady = 7;
  const clock = createClock(
    () => null,
    () => steady,
  );
  steady += 5;
  assert.equal(clock.now(), 12);
});

void test("where /proc/uptime cannot be read any more, the time goes on from what was known", () => {
  const { state } = machine();
  assert.equal(uptimeReader("/proc")(), null, "it can be opened, and not be read");
  let isBroken = false;
  const lasting = createClock(
    () => (isBroken ? null : state.real),
    () => state.real - state.suspended,
  );
  state.real += 60_000;
  state.suspended += 60_000;
  const before = lasting.now();
  isBroken = true;
  state.real += 700;
  assert.equal(lasting.now() - before, 700);
});

void test("two processes mean the same time by one number", () => {
  const program = `import("./src/io/clock.ts").then(({ createClock }) => console.log(createClock().now()))`;
  const before = createClock().now();
  const other = Number(execFileSync(process.execPath, ["--import", "tsx", "-e", program], { encoding: "utf8" }));
  const after = createClock().now();
  assert.ok(before - 20 <= other && other <= after + 20, `${before} ${other} ${after}`);
});

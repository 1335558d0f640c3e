import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock } from "../src/io/clock.ts";
import { playHandOver } from "../src/rehearsal.ts";
import { me } from "./support/core.ts";

void test("a rehearsed hand-over is played to its end: taken over, run, released", async () => {
  const outcome = await playHandOver({ timing: me.timing, logFormat: "text" }, createClock());
  assert.deepEqual(outcome, { kind: "command-ended", end: { kind: "exited", code: 0 }, released: "released" });
});

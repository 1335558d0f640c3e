import assert from "node:assert/strict";
import { test } from "node:test";
import { nextWake, step } from "../../src/core/lifecycle.ts";
import type { State } from "../../src/core/state.ts";
import type { Event, Millis } from "../../src/core/types.ts";
import * as core from "../support/core.ts";

const tick: Event = { kind: "tick" };
let version = 100;
/** Somebody is the holder, for a while that no test outlasts. */
const held = (holder: string): Event => ({
  kind: "watched",
  lease: core.lease({ holder, durationSeconds: 600 }, String(version++)),
});

/** Who was said to lead, and when. The standby has said at 5 that "other" does. */
function said(...events: readonly (readonly [Millis, Event])[]): [string[], State] {
  let state: State = core.waiting();
  const told: string[] = [];
  for (const [at, event] of events) {
    const [next, effects] = step(state, event, core.turn(at));
    state = next;
    for (const effect of effects)
      if (effect.kind === "report" && effect.report.kind === "standing-by") told.push(`${at} ${effect.report.holder}`);
  }
  return [told, state];
}

void test("a new holder is told at once when nobody was told of for a minute", () => {
  assert.deepEqual(said([61_000, held("b")])[0], ["61000 b"]);
});

void test("of many holders within a minute the newest is told when it is over, without any event", () => {
  const [told, state] = said([1_000, held("b")], [2_000, held("c")], [3_000, held("d")], [59_000, tick]);
  assert.deepEqual(told, []);
  assert.equal(
    nextWake({ ...core.inPhase(state, "standby"), lookAt: Infinity, request: null }, core.turn(59_000)),
    60_005,
  );
  const rest = [60_005, tick] as const;
  const all = said(
    [1_000, held("b")],
    [2_000, held("c")],
    [3_000, held("d")],
    rest,
    [60_010, held("e")],
    [60_020, tick],
  );
  assert.deepEqual(all[0], ["60005 d"]);
});

void test("nothing is repeated when the Lease is back with the holder who was told of, however long it takes", () => {
  const [told, state] = said([1_000, held("b")], [2_000, held("other")], [61_000, tick], [200_000, tick]);
  assert.deepEqual(told, []);
  const { lookAt } = core.inPhase(state, "standby");
  const idle = { ...core.inPhase(state, "standby"), request: null, lookAt: Infinity };
  assert.ok(nextWake(idle, core.turn(200_000)) > 300_000, `${lookAt}`);
});

void test("that all hold back is other news than who leads, and once a minute as well", () => {
  let state: State = core.waiting();
  const reports: string[] = [];
  for (const at of [1_000, 2_000, 3_000]) {
    const asking = core.inPhase(step(state, held("b"), core.turn(at))[0], "standby");
    const lease = core.lease(
      { holder: "", durationSeconds: 1, markedBy: null, holdUntil: core.epoch + at + 30_000 },
      String(version++),
    );
    const told: Event = {
      kind: "read",
      id: 77,
      result: { kind: "found", lease, serverTime: core.epoch + at },
    };
    const [next, effects] = step({ ...asking, request: { kind: "read", id: 77 } }, told, core.turn(at));
    state = next;
    for (const effect of effects)
      if (effect.kind === "report" && effect.report.kind === "standing-by")
        reports.push(`${at} ${effect.report.waits === "pause" ? "held back" : effect.report.holder}`);
  }
  assert.deepEqual(reports, ["1000 held back"]);
});

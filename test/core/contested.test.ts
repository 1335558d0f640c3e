/** When somebody else changes the Lease while we write: who was faster is believed, and nobody is flooded with requests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredLease } from "../../src/core/lease.ts";
import { initial } from "../../src/core/lifecycle.ts";
import { lostAgain, raceJitter } from "../../src/core/race.ts";
import type { State } from "../../src/core/state.ts";
import type { Event, Millis } from "../../src/core/types.ts";
import {
  acquiring,
  free,
  inPhase,
  kinds,
  lease,
  mine,
  only,
  play,
  releasing,
  renewing,
  running,
  turn,
  waiting,
} from "../support/core.ts";

const conflict = (id: number): Event => ({ kind: "written", id, result: { kind: "conflict" } });
const read = (id: number, stored: StoredLease): Event => ({
  kind: "read",
  id,
  result: { kind: "found", lease: stored },
});
const watched = (stored: StoredLease): Event => ({ kind: "watched", lease: stored });
const other = lease({ transitions: 5 }, "12");

void test("another holder that is watched means SIGKILL at once, even while a renewal is not answered", () => {
  const [state, effects] = play(renewing(), [2_010, watched(other)]);
  assert.equal(inPhase(state, "stopping").hold, null);
  assert.deepEqual(kinds(effects), ["kill-tree", "report lost", "report killing"]);
});

void test("a foreign edit of our Lease that is watched is looked at", () => {
  const [, effects] = play(running(), [500, watched(mine({ durationSeconds: 1 }, "12"))]);
  assert.deepEqual(kinds(effects), ["read"]);
});

void test("no command is started when somebody else was watched before our write was acknowledged", () => {
  const acknowledged: Event = { kind: "written", id: 2, result: { kind: "stored", lease: mine({}, "11") } };
  const [state, effects] = play(acquiring(), [7, watched(other)], [8, acknowledged]);
  inPhase(state, "standby");
  assert.deepEqual(kinds(effects), ["read"]);
});

void test("who meets one conflict after another, because of foreign edits, tries again later and later", () => {
  let state: State = acquiring();
  const pauses: Millis[] = [];
  for (let id = 2, at = 6, round = 0; round < 8; round++, id += 2) {
    const edited = read(id + 1, { ...free, version: String(10 + id) });
    [state] = play(state, [at, conflict(id)], [at + 1, edited]);
    const wake = Math.max(at + 1, inPhase(state, "standby").pauseUntil);
    pauses.push(wake - at);
    if (wake > at + 1) [state] = play(state, [wake, { kind: "tick" }]);
    at = wake + 1;
  }
  assert.deepEqual(pauses, [1, 5, 10, 20, 40, 80, 160, 250]);
});

void test("who was told of the winner before its own 409 does not ask who won", () => {
  const [state, effects] = play(acquiring(), [7, watched(other)], [8, conflict(2)]);
  assert.deepEqual(kinds(effects), []);
  assert.equal(inPhase(state, "standby").request, null);
  const [, asked] = play(acquiring(), [8, conflict(2)]);
  assert.deepEqual(kinds(asked), ["read"]);
});

void test("who was told of another edit before its own 409 tries again on what it was told", () => {
  const edited = { ...free, version: "12" };
  const [, effects] = play(acquiring(), [7, watched(edited)], [8, conflict(2)]);
  assert.equal(only(effects, "write").write.base?.version, "12");
});

void test("a race range shorter than a lost try took grows eightfold, so that a large crowd parts soon", () => {
  let lost = 0;
  const ranges = [200, 200, 200, 3].map((took) => {
    lost = lostAgain(lost, took);
    return raceJitter(lost, turn(0, { chance: 1 }));
  });
  assert.deepEqual(ranges, [40, 320, 500, 500]);
  assert.equal(raceJitter(lostAgain(0, 3), turn(0, { chance: 1 })), 10);
});

void test("a release that meets one conflict after another is tried later and later", () => {
  let state: State = releasing();
  const pauses: Millis[] = [];
  for (let id = 3, at = 1_005, round = 0; round < 4; round++) {
    [state] = play(state, [at, conflict(id)]);
    const { retryAt, request } = inPhase(state, "releasing");
    const pause = request === null ? retryAt - at : 0;
    pauses.push(pause);
    if (pause > 0) [state] = play(state, [at + pause, { kind: "tick" }]);
    [state] = play(state, [at + pause + 1, read(id + 1, mine({}, String(20 + id)))]);
    id += 2;
    at += pause + 2;
  }
  assert.deepEqual(pauses, [0, 100, 200, 400]);
});

void test("only the first look may take ten seconds; a later one that is lost does not hold up a take-over", () => {
  assert.equal(only(play(initial(turn(0)), [0, { kind: "tick" }])[1], "read").deadline, 10_000);
  assert.equal(only(play(waiting(), [9_005, { kind: "tick" }])[1], "read").deadline, 9_005 + 10_000 / 3);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Leading, State } from "../../src/core/state.ts";
import type { Effect, Event, Millis } from "../../src/core/types.ts";
import { nextWake, step } from "../../src/core/lifecycle.ts";
import { acquiring, epoch, inPhase, kinds, lease, mine, only, play, renewing, running, turn } from "../support/core.ts";

const tick: Event = { kind: "tick" };
const failed = { kind: "failed", reason: "timeout", message: "no answer" } as const;
const written = (id: number, result: (Event & { kind: "written" })["result"]): Event => ({
  kind: "written",
  id,
  result,
});
const found = (id: number, stored: ReturnType<typeof lease>): Event => ({
  kind: "read",
  id,
  result: { kind: "found", lease: stored },
});
const stored = (id: number, what: ReturnType<typeof lease>): Event => written(id, { kind: "stored", lease: what });
const renewal = (at: Millis) => mine({ renewTime: epoch + at }, String(at));

function leads([state]: readonly [State, readonly Effect[]]): Leading {
  return inPhase(state, "leading");
}

void test("deadlines count from when the acknowledged renewal was sent, not from its answer", () => {
  const next = leads(play(renewing(), [4_900, stored(3, renewal(2_005))]));
  assert.deepEqual(next.hold.deadlines, { term: 12_005, kill: 15_355, expiry: 16_855 });
  assert.equal(next.hold.nextAttemptAt, 4_005);
});

void test("a renewal that others cannot see, within the same second, moves nothing", () => {
  const soon = { ...running(), hold: { ...running().hold, nextAttemptAt: 500 } };
  const [sent] = play(soon, [500, tick]);
  const [next, effects] = play(sent, [510, stored(3, mine({ renewTime: epoch + 500 }, "12"))]);
  assert.equal(inPhase(next, "leading").hold.deadlines.term, 10_005);
  assert.deepEqual(kinds(effects), []);
});

void test("an answer that comes after the stop signal does not call it back", () => {
  const [next] = play(renewing(), [10_005, tick], [10_006, stored(3, renewal(2_005))]);
  const stopping = inPhase(next, "stopping");
  assert.equal(stopping.killing, null);
  assert.equal(stopping.hold?.deadlines.kill, 15_355, "but it protects the dying tree");
  assert.equal(stopping.graceEnds, 13_005);
});

void test("one attempt after another: 100 ms, doubling up to the retry period", () => {
  let state: State = renewing();
  const pauses: Millis[] = [];
  for (let id = 3, at = 2_100; pauses.length < 6; at += 10) {
    const before = inPhase(state, "leading").hold;
    if (before.request !== null) {
      [state] = step(state, written(id++, failed), turn(at));
      pauses.push(inPhase(state, "leading").hold.nextAttemptAt - at);
    } else [state] = step(state, tick, turn(at));
  }
  assert.deepEqual(pauses, [100, 200, 400, 800, 1_600, 2_000]);
});

void test("trouble is told once, and its end once", () => {
  const [one, first] = play(renewing(), [2_100, written(3, failed)]);
  const [two, second] = play(one, [2_200, tick], [2_300, written(4, failed)]);
  const [, third] = play(two, [2_600, tick], [2_700, stored(5, renewal(2_600))]);
  assert.deepEqual([first, second, third].map(kinds), [
    ["report renew-failed"],
    [],
    ["guard-until", "report renewed-again"],
  ]);
});

void test("Retry-After is honoured, but one attempt before the stop signal is always made", () => {
  const after = (retryAfter: Millis) =>
    leads(play(renewing(), [2_100, written(3, { ...failed, retryAfter })])).hold.nextAttemptAt;
  assert.equal(after(3_000), 5_100);
  assert.equal(Math.round(after(60_000)), 6_672);
});

void test("a request ends with a third of the renew deadline, or with the stop signal", () => {
  assert.equal(Math.round(only(play(running(), [2_005, tick])[1], "write").deadline), 5_338);
  assert.equal(only(play(running(), [9_000, tick])[1], "write").deadline, 10_005);
});

void test("after a conflict the Lease is read, and renewed on the version read while it names us", () => {
  const [read, first] = play(renewing(), [2_010, written(3, { kind: "conflict" })]);
  assert.equal(
    only(first, "read").deadline,
    only(play(running(), [2_005, tick])[1], "write").deadline,
    "one attempt, one deadline",
  );
  const [, second] = play(read, [2_015, found(4, mine({}, "55"))]);
  assert.equal(only(second, "write").write.base?.version, "55");
});

void test("a storm of conflicts is answered with growing pauses", () => {
  let state: State = renewing();
  let at = 2_010;
  const pauses: Millis[] = [];
  for (let id = 3; id < 14; id += 2) {
    [state] = play(state, [at, written(id, { kind: "conflict" })], [at, found(id + 1, mine({}, String(100 + id)))]);
    const { hold } = inPhase(state, "leading");
    pauses.push(hold.request === null ? hold.nextAttemptAt - at : 0);
    at = Math.max(at, hold.request === null ? hold.nextAttemptAt : at);
    [state] = play(state, [at, tick]);
  }
  assert.deepEqual(pauses, [0, 10, 20, 40, 80, 160]);
});

void test("another holder on a read means SIGKILL at once", () => {
  const [state, effects] = play(renewing(), [2_010, written(3, { kind: "conflict" })], [2_015, found(4, lease())]);
  assert.equal(inPhase(state, "stopping").hold, null);
  assert.deepEqual(kinds(effects), ["kill-tree", "report lost", "report killing"]);
});

void test("conflicts without a change, as a webhook or a proxy may answer them, are answered with growing pauses too", () => {
  let state: State = renewing();
  const pauses: Millis[] = [];
  for (let id = 3, at = 2_010; pauses.length < 4;) {
    const before = inPhase(state, "leading").hold;
    if (before.request?.kind === "write") {
      [state] = play(state, [at, written(id, { kind: "conflict" })], [at, found(id + 1, before.lease)]);
      pauses.push(nextWake(state, turn(at)) - at);
      id += 2;
    } else at = nextWake(state, turn(at));
    [state] = step(state, tick, turn(at));
  }
  assert.deepEqual(pauses, [10, 10, 20, 40]);
});

void test("a deleted Lease is created again at once; a conflict then means SIGKILL", () => {
  const [creating, effects] = play(renewing(), [2_010, written(3, { kind: "missing" })]);
  const { write } = only(effects, "write");
  assert.equal(write.base, null);
  assert.equal(write.record.transitions, 0);
  assert.equal(write.record.acquireTime, epoch, "the term goes on");
  assert.deepEqual(kinds(play(creating, [2_012, written(4, { kind: "conflict" })])[1]), [
    "kill-tree",
    "report lost",
    "report killing",
  ]);
});

void test("a Lease created again within the second of the last renewal moves no deadline: client-go may see no change", () => {
  const first = mine({ transitions: 0, renewTime: epoch + 5 });
  const led = inPhase(
    play(acquiring(), [8, stored(2, first)], [12, { kind: "command-started", pid: 77 }])[0],
    "leading",
  );
  const creating = (at: Millis) => play(led, [at, { kind: "watched-deletion" }]);
  const missing: Event = { kind: "read", id: 3, result: { kind: "missing" } };
  for (const [at, term] of [
    [300, 10_005],
    [1_300, 11_300],
  ] as const) {
    const [, effects] = play(creating(at)[0], [at, missing]);
    const { record } = only(effects, "write").write;
    const answer = stored(4, { ...first, version: "12", record });
    const next: Leading = inPhase(play(creating(at)[0], [at, missing], [at + 10, answer])[0], "leading");
    assert.equal(next.hold.deadlines.term, term);
    assert.equal(next.hold.lease.version, "12");
  }
});

void test("a conflict with a create of our own that was never answered is looked at", () => {
  const [state] = play(
    renewing(),
    [2_010, written(3, { kind: "missing" })],
    [3_000, written(4, failed)],
    [3_100, tick],
  );
  const [again] = play(state, [3_105, written(5, { kind: "missing" })]);
  assert.deepEqual(kinds(play(again, [3_110, written(6, { kind: "conflict" })])[1]), ["read"]);
});

void test("a holder that was emptied by hand is filled again, as an acquisition on the wire", () => {
  const cleared = mine({ holder: "", transitions: 4 }, "60");
  const [, effects] = play(renewing(), [2_010, written(3, { kind: "conflict" })], [2_015, found(4, cleared)]);
  const { record } = only(effects, "write").write;
  assert.deepEqual([record.holder, record.transitions, record.acquireTime], ["me", 5, epoch + 2_015]);
});

void test("an empty holder after somebody else's term means that ours is over", () => {
  const released = mine({ holder: "", transitions: 5, markedBy: null }, "60");
  const [, effects] = play(renewing(), [2_010, written(3, { kind: "conflict" })], [2_015, found(4, released)]);
  assert.deepEqual(kinds(effects), ["kill-tree", "report lost", "report killing"]);
});

void test("renewTime never goes back, even when the wall clock does", () => {
  const [sent, effects] = step(running(), tick, turn(2_005, { wall: epoch - 86_400_000 }));
  assert.equal(sent.phase, "leading");
  assert.equal(only(effects, "write").write.record.renewTime, epoch + 2_005);
});

void test("the next wake is the renewal, or the stop signal while a request is under way", () => {
  assert.equal(nextWake(running(), turn(20)), 2_005);
  assert.equal(nextWake(renewing(), turn(2_006)), 10_005);
});

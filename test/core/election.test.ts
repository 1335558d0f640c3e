import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decide,
  isNewer,
  isStale,
  observe,
  observeMissing,
  type Decision,
  type View,
} from "../../src/core/election.ts";
import type { LeaseRecord } from "../../src/core/lease.ts";
import { epoch, free, lease, mine, turn } from "../support/core.ts";

const unknown: View = { kind: "unknown", duration: 0 };
const seen = (record: Partial<LeaseRecord>, at = 1_000, before: View = unknown, version = "10"): View =>
  observe(before, lease(record, version), 0, turn(at));
const until = (view: View, at = 1_000): number | string => {
  const decision: Decision = decide(view, turn(at));
  return decision.kind === "wait" ? decision.until : decision.kind;
};

void test("a holder's time counts from when its record was first seen, whatever its renewTime says", () => {
  for (const renewTime of [0, epoch, epoch + 86_400_000, null]) assert.equal(until(seen({ renewTime })), 16_000);
});

void test("a changed record counts anew, an unchanged one does not, even with a new version", () => {
  const first = seen({});
  assert.equal(until(observe(first, lease({}, "11"), 0, turn(9_000)), 9_000), 16_000);
  assert.equal(until(observe(first, lease({ renewTime: epoch + 2_000 }, "11"), 0, turn(9_000)), 9_000), 24_000);
});

void test("the duration waited is the one in the record, not our own", () => {
  assert.equal(until(seen({ durationSeconds: 40 })), 41_000);
  assert.equal(until(seen({ durationSeconds: 4 })), 5_000);
});

void test("without a duration in the record our own counts", () => {
  assert.equal(until(seen({ durationSeconds: null })), 16_000);
});

void test("a duration that is shortened within a term does not shorten what was promised", () => {
  const shortened = seen({ durationSeconds: 1 }, 2_000, seen({}), "11");
  assert.equal(until(shortened, 2_000), 17_000);
});

void test("a duration that a hand made longer is waited out only until the holder renews", () => {
  const longer = seen({ durationSeconds: 2 ** 31 - 1 }, 2_000, seen({}), "11");
  assert.equal(until(longer, 2_000), 2_000 + (2 ** 31 - 1) * 1_000);
  assert.equal(until(seen({ renewTime: epoch + 2_000 }, 3_000, longer, "12"), 3_000), 18_000);
});

void test("a renewal that carries a hand's shorter duration does not shorten what was promised, up to our own", () => {
  const shortened = seen({ durationSeconds: 1, renewTime: epoch + 2_000 }, 2_000, seen({}), "11");
  assert.equal(until(shortened, 2_000), 17_000);
});

void test("a new holder's shorter duration counts", () => {
  const next = seen({ holder: "third", transitions: 4, durationSeconds: 5 }, 2_000, seen({}), "11");
  assert.equal(until(next, 2_000), 7_000);
});

void test("a holder that is no leader-exec gets one retry period more", () => {
  assert.equal(until(seen({ markedBy: null })), 18_000);
  assert.equal(until(seen({ markedBy: "a leader-exec before" })), 18_000);
});

void test("a released Lease is free at once", () => {
  assert.equal(until(observe(unknown, free, 0, turn(1_000))), "acquire");
});

void test("a holder that was cleared by hand may still run: wait for its duration", () => {
  assert.equal(until(seen({ holder: "", markedBy: "other" })), 16_000);
  assert.equal(
    until(seen({ holder: "", markedBy: "other", durationSeconds: 2 }, 3_000, seen({}), "11"), 3_000),
    18_000,
  );
});

void test("client-go's release of its own term is one, also when a leader-exec's mark is still there from before", () => {
  const released = { holder: "", markedBy: "other", durationSeconds: 1 };
  const byClientGo = seen({ holder: "go", markedBy: "other" });
  const after = seen(released, 2_000, byClientGo, "11");
  assert.equal(until(after, 2_000), "acquire");
  assert.equal(until(seen({ ...released, renewTime: epoch + 9_000 }, 3_000, after, "12"), 3_000), "acquire");
});

void test("client-go's release of a term that is a leader-exec's, or may be, ends nothing: wait for the duration", () => {
  const released = { holder: "", markedBy: "other", durationSeconds: 1 };
  assert.equal(until(seen(released, 2_000, seen({ durationSeconds: 40 }), "11"), 2_000), 42_000);
  assert.equal(until(seen(released)), 16_000, "the holder before was not seen");
  const earlier = seen({ holder: "go", markedBy: "other", transitions: 1 });
  assert.equal(until(seen(released, 2_000, earlier, "11"), 2_000), 17_000, "a term was missed");
});

void test("a Lease that was never there is created at once; a deleted one after the duration last seen", () => {
  assert.equal(until(observeMissing(unknown, 0, turn(1_000))), "acquire");
  const deleted = observeMissing(seen({ durationSeconds: 20 }), 0, turn(4_000));
  assert.equal(until(deleted, 4_000), 24_000);
  assert.equal(until(observeMissing(deleted, 0, turn(9_000)), 9_000), 24_000, "the wait does not begin again");
  const released = observeMissing(observe(unknown, free, 0, turn(0)), 0, turn(4_000));
  assert.equal(until(released, 4_000), 19_000, "somebody may have taken it unseen: our own duration");
});

void test("an acquisition writes all fields, and counts the change of holder", () => {
  const decision = decide(seen({ durationSeconds: 5 }), turn(6_000));
  assert.equal(decision.kind, "acquire");
  assert.deepEqual(decision.write.record, {
    holder: "me",
    durationSeconds: 15,
    acquireTime: epoch + 6_000,
    renewTime: epoch + 6_000,
    transitions: 4,
    markedBy: "me",
    holdUntil: null,
    done: null,
    lastTick: null,
    stepDown: null,
    coordination: null,
  });
  assert.equal(decision.write.base?.version, "10");
});

void test("a created Lease has seen no transition; one of the highest number stays there", () => {
  const created = decide(observeMissing(unknown, 0, turn(0)), turn(0));
  assert.equal(created.kind === "acquire" ? created.write.record.transitions : null, 0);
  const highest = decide(
    observe(unknown, lease({ holder: "", markedBy: null, transitions: 2 ** 31 - 1 }), 0, turn(0)),
    turn(0),
  );
  assert.equal(highest.kind === "acquire" ? highest.write.record.transitions : null, 2 ** 31 - 1);
});

void test("our own name on a read is confirmed by a write that others see, in the same term", () => {
  const decision = decide(observe(unknown, mine({ renewTime: epoch + 900 }), 0, turn(950)), turn(950));
  assert.equal(decision.kind, "acquire");
  assert.equal(decision.from, "own");
  assert.equal(decision.write.record.transitions, 4);
  assert.equal(decision.write.record.acquireTime, epoch);
  assert.equal(decision.write.record.renewTime, epoch + 1_900);
});

void test("who lost a race waits a random part of a growing range at the next change", () => {
  const wait = (lostRaces: number) => Number(until(observe(unknown, free, lostRaces, turn(1_000)))) - 1_000;
  assert.deepEqual([1, 2, 3, 6, 7, 50].map(wait), [5, 10, 20, 160, 250, 250]);
});

void test("versions are compared as numbers of any length; older news are stale", () => {
  assert.equal(isNewer("10", "9"), true);
  assert.equal(isNewer("9", "10"), false);
  assert.equal(isNewer("18446744073709551615", "18446744073709551614"), true);
  assert.equal(isNewer("7", "7"), false);
  assert.equal(isStale(seen({}), lease({}, "9")), true);
  assert.equal(isStale(seen({}), lease({}, "11")), false);
  assert.equal(isStale(observeMissing(seen({}), 0, turn(2_000)), lease({}, "10")), false);
});

void test("our name that somebody else wrote in, without our mark, is waited for like any other holder", () => {
  const given = mine({ markedBy: "other" });
  const view = observe(unknown, given, 0, turn(0));
  assert.equal(decide(view, turn(16_999)).kind, "wait");
  const late = decide(view, turn(17_000));
  assert.ok(late.kind === "acquire" && late.from === "expired");
  assert.equal(late.write.record.transitions, given.record.transitions + 1);
});

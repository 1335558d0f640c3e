import assert from "node:assert/strict";
import { test } from "node:test";
import { decide, observe, observeMissing, type View } from "../../src/core/election.ts";
import type { Elector } from "../../src/core/elector.ts";
import { lineOf } from "../../src/core/report.ts";
import type { LeaseRecord } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import { epoch, lease, turn } from "../support/core.ts";

const strategy = "OldestEmulationVersion";
const elector: Elector = { kind: "server", heardAt: 0, standIn: false };
const elects = { coordination: { strategy, preferredHolder: null } };
const prefers = { coordination: { strategy, preferredHolder: "me" } };
/** As the server names somebody: for 5 s, what was marked before stays. */
const named = (holder: string, markedBy: string | null = "other"): Partial<LeaseRecord> => ({
  ...{ holder, markedBy, durationSeconds: 5, acquireTime: null },
  ...elects,
});

type Seen = readonly [Millis, Partial<LeaseRecord> | null, string?];

/** What was seen one after the other: record (null: no Lease) and uid. */
function seen(...all: readonly Seen[]): View {
  return all.reduce<View>(
    (view, [at, record, uid = "uid"], index) =>
      record === null
        ? observeMissing(view, 0, turn(at))
        : observe(view, lease({ renewTime: epoch + at, ...record }, String(10 + index), uid), 0, turn(at)),
    { kind: "unknown", duration: 0 },
  );
}

/** When it may be acquired. */
function from(view: View): Millis | "at once" {
  const decision = decide(view, turn(9_000, { elector }));
  return decision.kind === "wait" ? decision.until : "at once";
}

void test("who is named after a deletion waits out the duration last seen, also when only the other uid tells of it", () => {
  assert.equal(from(seen([1_000, elects], [2_000, null], [2_100, named("me"), "new"])), 17_000);
  assert.equal(from(seen([1_000, elects], [2_000, named("me"), "new"])), 17_000);
  assert.equal(from(seen([1_000, { ...elects, durationSeconds: 40 }], [2_000, named("me"), "new"])), 42_000);
});

void test("a Lease that was free before it was deleted may have been taken unseen: our own duration", () => {
  const free = { holder: "", markedBy: null, durationSeconds: 1, ...elects };
  assert.equal(from(seen([1_000, free], [2_000, named("me"), "new"])), 17_000);
});

void test("the wait goes on whoever is named, and released, in between", () => {
  const released = { holder: "", markedBy: null, durationSeconds: 1, ...elects };
  const between: readonly Seen[] = [
    [1_000, elects],
    [2_000, null],
    [2_100, named("third", null), "new"],
  ];
  assert.equal(from(seen(...between, [8_000, named("me", null), "new"])), 17_000);
  assert.equal(from(seen(...between, [3_000, released, "new"], [3_100, named("me", null), "new"])), 17_000);
  assert.equal(from(seen(...between, [3_000, null], [3_100, named("me", null), "newer"])), 18_000, "confirmed unseen");
  const { until } = decide(seen(...between, [3_000, released, "new"]), turn(9_000)) as { until: Millis };
  assert.equal(until, 17_000, "where we elect ourselves, too");
});

void test("named while a holder who counts with the server's clock had not given it back: the server knows that its time is over", () => {
  assert.equal(from(seen([8_000, elects], [23_000, named("me")])), "at once");
  assert.equal(from(seen([7_000, elects], [8_000, prefers], [23_000, named("me")])), "at once", "it was asked since");
  assert.equal(from(seen([8_000, elects], [8_500, named("me", null)])), "at once", "it released, which was not seen");
});

void test("named before the time of a holder was over, who did not release: a hand has cleared it, and it may still run", () => {
  assert.equal(from(seen([2_000, elects], [16_900, named("me")])), 17_000);
  const shortened = { ...elects, durationSeconds: 1, renewTime: epoch + 2_000 };
  assert.equal(from(seen([2_000, elects], [2_500, shortened], [4_000, named("me")])), 17_500);
});

void test("who was named last may have confirmed it unseen, for longer than the server's 5 s", () => {
  assert.equal(from(seen([1_000, named("third", null)], [2_000, null], [2_100, named("me", null), "new"])), 17_000);
  assert.equal(from(seen([1_000, named("third", null)], [2_000, named("me", null), "new"])), 17_000);
  assert.equal(
    from(seen([1_000, named("third", "third")], [2_000, named("me", "third")])),
    16_000,
    "a hand had cleared it",
  );
});

void test("named over the mark of a holder whose term was never seen: perhaps a hand has cleared it just now", () => {
  const released = { holder: "", markedBy: null, durationSeconds: 1, ...elects };
  assert.equal(from(seen([2_000, released], [8_000, named("me", "third")])), 23_000);
  assert.equal(from(seen([2_000, elects], [8_000, named("me", "third")])), 23_000);
  const clientGo = { holder: "client-go", markedBy: "third", ...elects };
  assert.equal(from(seen([2_000, clientGo], [8_000, named("me", "third")])), "at once", "an old mark");
});

void test("a plain holder counts by its own clock alone: who is named waits for that, whatever the server wrote beside it", () => {
  assert.equal(from(seen([2_000, {}], [8_500, named("me")])), 17_000);
  assert.equal(from(seen([1_000, {}], [2_000, prefers], [8_500, named("me")])), 17_000, "the server came upon it");
  assert.equal(from(seen([2_000, prefers], [8_500, named("me")])), 17_000, "perhaps so");
  assert.equal(
    from(seen([2_000, { markedBy: null }], [8_500, named("me", null)])),
    19_000,
    "and client-go a period more",
  );
});

void test("a holder cleared by hand may still run: who is named then waits for it", () => {
  assert.equal(
    from(seen([1_000, elects], [2_000, { ...elects, holder: "", markedBy: "other" }], [2_100, named("me")])),
    17_000,
  );
});

void test("who comes after the deletion cannot know of it, and a write of our own is never doubted", () => {
  assert.equal(from(seen([8_000, named("me")])), "at once");
  assert.equal(from(seen([8_000, elects], [8_500, { holder: "me", markedBy: "me", ...elects }, "new"])), "at once");
});

void test("a user is told why the one that was elected does not start", () => {
  const decision = decide(seen([1_000, elects], [9_000, named("me"), "new"]), turn(9_000, { elector }));
  assert.ok(decision.kind === "wait");
  const { message } = lineOf({ ...decision, kind: "standing-by", forAtMost: decision.until - 9_000 });
  assert.match(
    message,
    /^standing by: the server has elected us, but .* for 15s \(was the Lease deleted, or its holder cleared, by hand\?\)$/,
  );
});

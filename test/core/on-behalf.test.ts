import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseRecord, StoredLease } from "../../src/core/lease.ts";
import { releaseFor, type Estate } from "../../src/core/on-behalf.ts";

const record: LeaseRecord = {
  holder: "me_1",
  durationSeconds: 15,
  acquireTime: 1_000,
  renewTime: 9_000,
  transitions: 7,
  markedBy: "me_1",
  holdUntil: null,
  done: { kind: "unreadable", text: "of others" },
  coordination: null,
  lastTick: "2026-01-01T00:00:00Z",
  stepDown: null,
};
const stored = (change: Partial<LeaseRecord> = {}, uid = "uid-1"): StoredLease => ({
  record: { ...record, ...change },
  version: "42",
  uid,
  fingerprint: "",
  object: { labels: "of others" },
});
const estate: Estate = { identity: "me_1", uid: "uid-1", since: 100_000, holdAtLeast: 0 };
const now = { at: 110_000, wall: 20_000 };
const found = (lease: StoredLease) => ({ lease, serverTime: 50_000 });

void test("a dead holder's Lease is released on the version that was read, and all else in it stays", () => {
  const lease = stored();
  assert.deepEqual(releaseFor(estate, found(lease), now), {
    base: lease,
    record: { ...record, holder: "", durationSeconds: 1, acquireTime: 20_000, renewTime: 20_000, markedBy: null },
  });
});

void test("nothing is written when the Lease is another's, nobody's, another one, or has our name without our mark", () => {
  for (const lease of [
    stored({ holder: "other_2", markedBy: "other_2" }),
    stored({ holder: "", markedBy: null }),
    stored({}, "uid-2"),
    stored({ markedBy: null }),
    stored({ markedBy: "other_2" }),
  ])
    assert.equal(releaseFor(estate, found(lease), now), null);
});

void test("what is left of the pause of --hold-at-least is asked for by the server's clock, and never less", () => {
  const holdUntil = (holdAtLeast: number): number | null | undefined =>
    releaseFor({ ...estate, holdAtLeast }, found(stored()), now)?.record.holdUntil;
  // 10 s of it have passed; clocks differ by 1 %, and the server's time is cut to whole seconds.
  assert.equal(holdUntil(60_000), 50_000 + 1_000 + 60_000 - 9_900);
  assert.equal(holdUntil(5_000), null);
  const bare = releaseFor({ ...estate, holdAtLeast: 60_000 }, { lease: stored() }, now);
  assert.equal(bare?.record.holdUntil, 20_000 + 1_000 + 60_000 - 9_900);
});

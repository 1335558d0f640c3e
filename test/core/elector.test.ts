import assert from "node:assert/strict";
import { test } from "node:test";
import { ourselves, type Elector } from "../../src/core/elector.ts";
import { initial, step } from "../../src/core/lifecycle.ts";
import type { StoredLease } from "../../src/core/lease.ts";
import type { State } from "../../src/core/state.ts";
import type { Effect, Event, Millis } from "../../src/core/types.ts";
import { epoch, inPhase, kinds, lease, me, only, turn, type Step } from "../support/core.ts";

const strategy = "OldestEmulationVersion";
const server: Elector = { kind: "server", heardAt: 0, standIn: true };
const none: Elector = { kind: "none", message: "no such API", hopeless: true };
const tick: Event = { kind: "tick" };

function play(elector: Elector, ...steps: readonly Step[]): [State, readonly Effect[]] {
  let [state, effects]: readonly [State, readonly Effect[]] = step(initial(turn(0)), tick, turn(0, { elector }));
  for (const [at, event] of steps) [state, effects] = step(state, event, turn(at, { elector }));
  return [state, effects];
}

const found = (stored: StoredLease): Event => ({ kind: "read", id: 1, result: { kind: "found", lease: stored } });
const stored = (id: number, written: StoredLease, serverTime: Millis): Event => ({
  kind: "written",
  id,
  result: { kind: "stored", lease: written, serverTime },
});
const preferring = (preferredHolder: string | null) => ({ coordination: { strategy, preferredHolder } });
/** As the server writes it. */
const elected = lease({
  ...preferring(null),
  ...{ holder: "me", durationSeconds: 5, acquireTime: null, markedBy: "other", renewTime: epoch + 4_000 },
});
const confirmed = (change: Parameters<typeof lease>[0] = {}, version = "11") =>
  lease({ holder: "me", renewTime: epoch + 4_000, markedBy: "me", ...preferring(null), ...change }, version);
const free = lease({ holder: "", durationSeconds: 1, markedBy: null, ...preferring(null) }, "9");

void test("where the server elects, a free Lease is not taken; one that names us is confirmed at once, strategy and count kept", () => {
  assert.equal(kinds(play(server, [5, found(free)])[1]).join(), "watch,report standing-by");
  const { record } = only(play(server, [5, found(elected)])[1], "write").write;
  assert.deepEqual(record.coordination, { strategy, preferredHolder: null });
  assert.deepEqual([record.transitions, record.acquireTime, record.durationSeconds], [3, epoch + 5, 15]);
  assert.equal(record.renewTime, epoch + 4_000, "never before that of the server");
});

void test("our name on a Lease without a strategy, or where nobody else elects, is a hand's", () => {
  const byHand = lease({ holder: "me", markedBy: "other" });
  assert.doesNotMatch(kinds(play(server, [5, found(byHand)])[1]).join(), /write/);
  assert.doesNotMatch(kinds(play({ kind: "ourselves" }, [5, found(elected)])[1]).join(), /write/);
});

void test("nobody holds it and nothing was heard of the server for long: auto takes it, always does not", () => {
  const seen = inPhase(play(server, [5, found(free)])[0], "standby");
  const at = (time: Millis, elector: Elector) => step({ ...seen, lookAt: Infinity }, tick, turn(time, { elector }))[1];
  assert.deepEqual(kinds(at(29_000, server)), []);
  assert.deepEqual(kinds(at(31_000, server)), ["write"]);
  assert.deepEqual(kinds(at(31_000, { ...server, heardAt: 20_000 })), [], "a ping begins the time anew");
  assert.deepEqual(kinds(at(9e9, { kind: "server", heardAt: 0, standIn: false })), []);
});

void test("auto waits out the restart of an API server, however short the leases are", () => {
  const hurried = { ...me, timing: { ...me.timing, leaseDuration: 7_000 } };
  const seen = inPhase(play(server, [5, found(free)])[0], "standby");
  const at = (time: Millis) =>
    step({ ...seen, lookAt: Infinity }, tick, turn(time, { elector: server, me: hurried }))[1];
  assert.deepEqual(kinds(at(29_000)), []);
  assert.deepEqual(kinds(at(31_000)), ["write"]);
});

void test("always ends after --startup-timeout when no server could ever elect us", () => {
  const [, effects] = play(none, [5, found(free)], [120_000, tick]);
  const { outcome } = only(effects, "finish");
  assert.ok(outcome.kind === "start-trouble" && outcome.message === "no such API");
});

void test("the kill deadline counts with a server's clock that is ahead, and with nothing where it does not elect", () => {
  const led = (serverTime: Millis) =>
    only(play(server, [5, found(elected)], [8, stored(2, confirmed(), serverTime)])[1], "start").killAt;
  assert.equal(led(epoch + 4_000), 5 + 0.99 * (15_000 - 1_500) - 1_500);
  assert.equal(led(epoch + 6_000), 5 + 0.99 * (15_000 - 3_500) - 1_500);
  assert.equal(led(epoch), 5 + 0.99 * 15_000 - 1_500);
});

const behind = [server, { kind: "ourselves" } as const].flatMap((elector) =>
  [8_000, 20_000].map((by) => ({ elector, by })),
);
void test("a clock so far behind that no command could be kept: confirmed once more, then released, whoever has elected us", () => {
  for (const { elector, by } of behind) {
    const begun: Step[] = [
      [5, found(elector === server ? elected : free)],
      [8, stored(2, confirmed(), epoch + 4_000 + by)],
    ];
    const state = inPhase(play(elector, ...begun)[0], "leading");
    assert.equal(state.command, "waiting");
    const [renewing, asked] = step(state, tick, turn(3_000, { elector }));
    assert.deepEqual(kinds(asked), ["write"]);
    const { id, write } = only(asked, "write");
    const answer = stored(id, lease({ ...write.record, renewTime: epoch + 5_000 }, "12"), epoch + 5_000 + by);
    const [next, effects] = step(renewing, answer, turn(3_005, { elector }));
    assert.equal(next.phase, "releasing");
    const { cause } = inPhase(next, "releasing").ending as { cause?: unknown };
    assert.deepEqual(cause, { kind: "clock", ahead: by });
    assert.doesNotMatch(kinds(effects).join(), /start/);
  }
});

void test("a clock that is behind for one answer alone starts the command after the next one", () => {
  const state = play(server, [5, found(elected)], [8, stored(2, confirmed(), epoch + 24_000)])[0];
  const [renewing, asked] = step(state, tick, turn(3_000, { elector: server }));
  const { id, write } = only(asked, "write");
  const answer = stored(id, lease({ ...write.record, renewTime: epoch + 5_000 }, "12"), epoch + 5_000);
  assert.match(kinds(step(renewing, answer, turn(3_005, { elector: server }))[1]).join(), /start/);
});

void test("preferred to another before we have confirmed: confirmed, withdrawn, released, and no command starts", () => {
  const asked = confirmed(preferring("other"));
  const [state, effects] = play(server, [5, found(elected)], [8, stored(2, asked, epoch + 4_000)]);
  assert.deepEqual(kinds(effects), ["report acquired", "report step-down", "candidacy"]);
  const withdrawn = { elector: { kind: "withdrawn" } } as const;
  assert.deepEqual(kinds(step(state, tick, turn(11, { elector: server }))[1]), [], "not while we are a candidate");
  assert.deepEqual(kinds(step(state, tick, turn(1_100, { elector: server }))[1]), ["write"], "but not for ever");
  const { write } = only(step(state, tick, turn(10, withdrawn))[1], "write");
  assert.deepEqual([write.record.holder, write.record.coordination], ["", { strategy, preferredHolder: null }]);
  const [standby] = step(state, tick, turn(10, withdrawn));
  const [again] = step(standby, stored(3, free, epoch + 4_000), turn(12, withdrawn));
  assert.deepEqual(kinds(step(inPhase(again, "standby"), tick, turn(13, withdrawn))[1]), ["candidacy", "read"]);
});

void test("preferred while the command runs: its tree is gone before anything is released, and renewals keep the request", () => {
  const lead = play(server, [5, found(elected)], [8, stored(2, confirmed(), epoch + 4_000)])[0];
  const running = step(lead, { kind: "command-started", pid: 7 }, turn(12, { elector: server }))[0];
  const told = confirmed({ ...preferring("other") }, "12");
  const play2 = (state: State, ...steps: readonly Step[]): [State, readonly Effect[]] => {
    let [now, effects]: readonly [State, readonly Effect[]] = [state, []];
    for (const [at, event] of steps) [now, effects] = step(now, event, turn(at, { elector: server }));
    return [now, effects];
  };
  const [stopping, effects] = play2(running, [500, { kind: "watched", lease: told }]);
  assert.equal(inPhase(stopping, "stopping").why.kind, "step-down");
  assert.match(kinds(effects).join(), /report step-down,forward/);
  const [, renewal] = play2({ ...inPhase(stopping, "stopping") }, [3_100, tick]);
  for (const effect of renewal)
    if (effect.kind === "write") assert.equal(effect.write.record.coordination?.preferredHolder, "other");
  const [ending] = play2(stopping, [3_200, { kind: "command-ended", end: { kind: "exited", code: 0 } }]);
  assert.equal(ending.phase, "stopping");
  assert.equal(play2(ending, [3_300, { kind: "tree-gone" }])[0].phase, "releasing");
});

void test("that the server prefers now this one and now that one makes no holder ask: not a plain one, nor one that stops", () => {
  const wishes = (from: State, elector: Elector): string[] => {
    let holder = from;
    return ["a", "b", "a"].flatMap((name, index) => {
      const told: Event = { kind: "watched", lease: confirmed(preferring(name), String(20 + index)) };
      const [next, effects] = step(holder, told, turn(600 + index, { elector }));
      holder = next;
      return kinds(effects);
    });
  };
  const lead = play(server, [5, found(elected)], [8, stored(2, confirmed(), epoch + 4_000)])[0];
  const running = step(lead, { kind: "command-started", pid: 7 }, turn(12, { elector: server }))[0];
  assert.deepEqual(wishes(running, ourselves), []);
  const told: Event = { kind: "watched", lease: confirmed(preferring("b"), "12") };
  const [stopping] = step(running, told, turn(500, { elector: server }));
  assert.equal(stopping.phase, "stopping");
  assert.deepEqual(wishes(stopping, server), []);
});

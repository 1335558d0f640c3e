import assert from "node:assert/strict";
import { test } from "node:test";
import type { Elector } from "../../src/core/elector.ts";
import { initial, step, nextWake } from "../../src/core/lifecycle.ts";
import type { StoredLease } from "../../src/core/lease.ts";
import type { State } from "../../src/core/state.ts";
import type { Effect, Event, Millis } from "../../src/core/types.ts";
import { inPhase, kinds, lease, turn } from "../support/core.ts";

const server: Elector = { kind: "server", heardAt: 0, standIn: false };
const withdrawn: Elector = { kind: "withdrawn" };
const coordination = { strategy: "OldestEmulationVersion", preferredHolder: null };
const named = lease({ ...{ coordination, holder: "me", durationSeconds: 5, acquireTime: null, markedBy: "other" } });
const others = lease({ coordination, holder: "b", markedBy: "b" }, "12");
const forbidden = { kind: "failed", reason: "forbidden", message: "not allowed" } as const;
const tick: Event = { kind: "tick" };

type Stepped = readonly [State, readonly Effect[]];

/** Answers every request at once, a read with this Lease, a write with no; for so long, by its own wakes. */
function live(from: State, lives: StoredLease, begin: Millis, end: Millis): { state: State; told: [Millis, string][] } {
  let state = from;
  const told: [Millis, string][] = [];
  const queue: Event[] = [tick];
  for (let at = begin; at < end;) {
    const event = queue.shift();
    if (event === undefined) {
      at = Math.max(at + 1, nextWake(state, turn(at, { elector: server })));
      queue.push(tick);
      continue;
    }
    const [next, effects]: Stepped = step(state, event, turn(at, { elector: server }));
    state = next;
    for (const effect of effects) {
      if (effect.kind === "read") queue.push({ kind: "read", id: effect.id, result: { kind: "found", lease: lives } });
      if (effect.kind === "write") queue.push({ kind: "written", id: effect.id, result: forbidden });
      if (effect.kind === "candidacy") told.push([at, effect.wish]);
      if (effect.kind === "report") told.push([at, effect.report.kind]);
    }
    if (told.some(([, what]) => what === "withdraw")) break;
  }
  return { state, told };
}

void test("who cannot confirm its election for a renew deadline withdraws, and rests twice as long each time; it says so once", () => {
  const first = live(initial(turn(0)), named, 0, 60_000);
  const [at = 0] = first.told.at(-1) ?? [];
  assert.deepEqual(first.told.slice(-2), [
    [at, "unconfirmed"],
    [at, "withdraw"],
  ]);
  assert.ok(at >= 10_000 && at < 11_000, `${at}`);
  const resting = inPhase(first.state, "standby");
  const away = (time: Millis) =>
    kinds(step({ ...resting, lookAt: Infinity }, tick, turn(time, { elector: withdrawn }))[1]);
  assert.deepEqual(away(at + 14_999), []);
  assert.equal(away(at + 15_000)[0], "candidacy");
  const second = live(resting, named, at + 15_000, at + 60_000);
  assert.doesNotMatch(second.told.join(), /unconfirmed/);
  const [later = 0] = second.told.at(-1) ?? [];
  assert.ok(later >= at + 25_000);
  assert.equal(inPhase(second.state, "standby").restUntil, later + 30_000);
});

void test("nothing of it is left when somebody else was elected meanwhile, and none of it counts where we elect ourselves", () => {
  const named5 = live(initial(turn(0)), named, 0, 5_000);
  assert.equal(inPhase(named5.state, "standby").unconfirmed.since < 5_000, true);
  const over = live(named5.state, others, 5_000, 60_000);
  assert.doesNotMatch(over.told.join(), /withdraw/);
  assert.equal(inPhase(over.state, "standby").unconfirmed.since, Infinity);
  const plain = step(named5.state, tick, turn(30_000))[1];
  assert.doesNotMatch(kinds(plain).join(), /candidacy/);
});

/** `--once KEY`: what is recorded is kept, nobody runs what is done, and nobody ends with 0 what is not recorded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, step } from "../../src/core/lifecycle.ts";
import { service, type Job } from "../../src/core/job.ts";
import type { ReadResult, StoredLease, WriteResult } from "../../src/core/lease.ts";
import type { State } from "../../src/core/state.ts";
import type { Effect, Event, Millis, Turn } from "../../src/core/types.ts";
import { free, inPhase, lease, me, mine, only, turn } from "../support/core.ts";

const tick: Event = { kind: "tick" };
const exited = (code: number): Event => ({ kind: "command-ended", end: { kind: "exited", code } });
const started: Event = { kind: "command-started", pid: 7 };
const gone: Event = { kind: "tree-gone" };
const read = (id: number, result: ReadResult): Event => ({ kind: "read", id, result });
const written = (id: number, result: WriteResult): Event => ({ kind: "written", id, result });
const found = (what: StoredLease): ReadResult => ({ kind: "found", lease: what });
const stored = (what: StoredLease): WriteResult => ({ kind: "stored", lease: what });
const missing: ReadResult & WriteResult = { kind: "missing" };

type Step = readonly [Millis, Event];

/** A candidate of this kind after these events; the effects are those of the last one. */
function play(job: Partial<Job>, ...steps: readonly Step[]): [State, readonly Effect[]] {
  const at = (time: Millis): Turn => turn(time, { me: { ...me, job: { ...service, ...job } } });
  let state: State = step(initial(at(0)), tick, at(0))[0];
  let effects: readonly Effect[] = [];
  for (const [time, event] of steps) [state, effects] = step(state, event, at(time));
  return [state, effects];
}

const doneIn = (effects: readonly Effect[]) => only(effects, "write").write.record.done;

/** A free Lease with that record; the read of it, and the acquisition. */
const freeWith = (done: string | null): StoredLease => ({ ...free, record: { ...free.record, done } });
const acquired = (done: string | null): readonly Step[] => [
  [5, read(1, found(freeWith(done)))],
  [8, written(2, stored(mine({ done })))],
  [12, started],
];

void test("a candidate that knows nothing of it keeps the record: acquiring, renewing, creating anew, releasing", () => {
  const text = "whatever it is";
  assert.equal(doneIn(play({}, [5, read(1, found(freeWith(text)))])[1]), text);
  assert.equal(doneIn(play({}, ...acquired(text), [2_005, tick])[1]), text);
  const again = play({}, ...acquired(text), [2_005, tick], [2_010, written(3, missing)]);
  assert.equal(only(again[1], "write").write.base, null);
  assert.equal(doneIn(again[1]), text);
  const [state, effects] = play({}, ...acquired(text), [1_000, exited(0)], [1_001, gone]);
  inPhase(state, "releasing");
  assert.equal(doneIn(effects), text);
});

void test("a standby that creates a deleted Lease anew gives it the record that it had", () => {
  const seen: readonly Step[] = [
    [5, read(1, found(lease({ done: "whatever it is" })))],
    [6, { kind: "watched-deletion" }],
    [7, read(2, missing)],
    [9_010, tick],
    [9_015, read(3, missing)],
  ];
  assert.equal(doneIn(play({}, ...seen, [15_008, tick])[1]), "whatever it is");
});

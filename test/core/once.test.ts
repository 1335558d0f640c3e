/** `--once KEY`: what is recorded is kept, nobody runs what is done, and nobody ends with 0 what is not recorded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { initialDirect, nextWake, step } from "../../src/core/lifecycle.ts";
import { mostKeys } from "../../src/core/done.ts";
import { service, type Job, type Once } from "../../src/core/job.ts";
import type { Done, ReadResult, StoredLease, WriteResult } from "../../src/core/lease.ts";
import { closing } from "../../src/core/outcome.ts";
import type { Effect, Event, Millis, Turn } from "../../src/core/types.ts";
import {
  type Step,
  epoch,
  free,
  inPhase,
  kinds,
  lease,
  me,
  mine,
  only,
  playJob,
  sigterm,
  turn,
} from "../support/core.ts";

const tick: Event = { kind: "tick" };
const exited = (code: number): Event => ({ kind: "command-ended", end: { kind: "exited", code } });
const started: Event = { kind: "command-started", pid: 7 };
const gone: Event = { kind: "tree-gone" };
const stop: Event = { kind: "signal", signal: sigterm };
const read = (id: number, result: ReadResult): Event => ({ kind: "read", id, result });
const written = (id: number, result: WriteResult): Event => ({ kind: "written", id, result });
const watched = (what: StoredLease): Event => ({ kind: "watched", lease: what });
/** The server's clock is ahead of ours by this. */
const ahead = 3_000;
const found = (what: StoredLease, at: Millis | null = 0): ReadResult =>
  at === null ? { kind: "found", lease: what } : { kind: "found", lease: what, serverTime: epoch + at + ahead };
const stored = (what: StoredLease, at: Millis = 8): WriteResult => ({
  kind: "stored",
  lease: what,
  serverTime: epoch + at + ahead,
});
const missing: ReadResult & WriteResult = { kind: "missing" };
const conflict: WriteResult = { kind: "conflict" };
const failed = { kind: "failed", reason: "timeout", message: "no answer" } as const;

const once: Once = { key: "schema 42", hash: "ours", ttl: Infinity, lease: "default/migrate" };
const run: Partial<Job> = { once };
const keys = (of: Readonly<Record<string, Millis>>): Done => ({
  kind: "keys",
  keys: new Map(Object.entries(of).map(([hash, until]) => [hash, { at: epoch, until }])),
  text: "as it stood",
});
const many = (count: number, until = Infinity): Done =>
  keys(Object.fromEntries(Array.from({ length: count }, (_, each) => [`key${each}`, until])));
const unreadable: Done = { kind: "unreadable", text: "whatever it is" };
const newer: Done = { kind: "newer", text: '{"v":2}' };

const outcomeOf = (effects: readonly Effect[]) => only(effects, "finish").outcome;
/** The exit code and the closing line of the end that these steps lead to. */
function endOf(steps: readonly Step[], job = run): [number, string] {
  const { code, message } = closing(outcomeOf(playJob(job, ...steps)[1]), { lost: 75, conflict: 1, once: true });
  return [code, message];
}
const keysOf = (done: Done | null): string[] => (done?.kind === "keys" ? [...done.keys.keys()] : []);
const doneIn = (effects: readonly Effect[]) => only(effects, "write").write.record.done;

/** A free Lease with that record; the read of it, and the acquisition. */
const freeWith = (done: Done | null): StoredLease => ({ ...free, record: { ...free.record, done } });
const acquired = (done: Done | null): readonly Step[] => [
  [5, read(1, found(freeWith(done)))],
  [8, written(2, stored(mine({ done })))],
  [12, started],
];

void test("a candidate that knows nothing of it keeps the record: acquiring, renewing, creating anew, releasing", () => {
  const text = unreadable;
  assert.equal(doneIn(playJob({}, [5, read(1, found(freeWith(text)))])[1]), text);
  assert.equal(doneIn(playJob({}, ...acquired(text), [2_005, tick])[1]), text);
  const again = playJob({}, ...acquired(text), [2_005, tick], [2_010, written(3, missing)]);
  assert.equal(only(again[1], "write").write.base, null);
  assert.equal(doneIn(again[1]), text);
  const [state, effects] = playJob({}, ...acquired(text), [1_000, exited(0)], [1_001, gone]);
  inPhase(state, "releasing");
  assert.equal(doneIn(effects), text);
});

void test("a standby that creates a deleted Lease anew gives it the record that it had", () => {
  const seen: readonly Step[] = [
    [5, read(1, found(lease({ done: unreadable })))],
    [6, { kind: "watched-deletion" }],
    [7, read(2, missing)],
    [9_010, tick],
    [9_015, read(3, missing)],
  ];
  assert.equal(doneIn(playJob({}, ...seen, [15_008, tick])[1]), unreadable);
});

const done = keys({ ours: Infinity, other: Infinity });
const open = keys({ other: Infinity });

void test("who sees that its key is done ends with 0, whether it reads it or is told, free or held", () => {
  const code = /^"schema 42" was done at 2026-01-01T00:00:00Z: nothing to run \(--once\)$/;
  for (const what of [freeWith(done), lease({ done })]) {
    const [exit, message] = endOf([[5, read(1, found(what))]]);
    assert.equal(exit, 0);
    assert.match(message, code);
  }
  const standing: Step = [5, read(1, found(lease({ done: open })))];
  assert.equal(endOf([standing, [9, watched(lease({ holder: "", done }, "11"))]])[0], 0);
  assert.equal(
    playJob(run, standing, [9, watched(lease({ renewTime: epoch + 9, done: open }, "11"))])[0].phase,
    "standby",
  );
});

void test("that a key is done counts more than a conflict or a pause", () => {
  const impatient: Partial<Job> = { once, patience: { kind: "none" } };
  assert.equal(endOf([[5, read(1, found(lease({ done })))]], impatient)[0], 0);
  assert.equal(endOf([[5, read(1, found(lease({ holder: "", holdUntil: epoch + 60_000, done })))]])[0], 0);
  assert.equal(endOf([[5, read(1, found(lease({ done: open })))]], impatient)[0], 1);
});

void test("an acquisition under way when the key turns out to be done is undone, and ends with 0", () => {
  const acquiring: readonly Step[] = [
    [5, read(1, found(freeWith(open)))],
    [6, watched(lease({ holder: "", done }, "10"))],
  ];
  inPhase(playJob(run, ...acquiring)[0], "releasing");
  assert.equal(endOf([...acquiring, [8, written(2, conflict)]])[0], 0);
  const undone: Step = [8, written(2, stored(mine({ done: open })))];
  assert.equal(only(playJob(run, ...acquiring, undone)[1], "write").write.record.holder, "");
});

void test("what the Lease says when the command is about to start counts: an acquisition that came late is looked at again", () => {
  const late: readonly Step[] = [
    [5, read(1, found(freeWith(open)))],
    [9_000, written(2, stored(mine({ done: open })))],
    [9_000, tick],
    [9_001, written(3, conflict)],
    [9_002, read(4, found(mine({ done }, "12")))],
  ];
  const renewed: Step = [9_010, written(5, stored(mine({ done }, "13")))];
  const [state, effects] = playJob(run, ...late, renewed);
  assert.deepEqual([state.phase, kinds(effects).at(-1)], ["releasing", "write"]);
  assert.equal(endOf([...late, renewed, [9_020, written(6, stored(freeWith(done)))]])[0], 0);
});

const flaws: readonly (readonly [string, Done, RegExp])[] = [
  [
    "cannot be read",
    unreadable,
    /annotation leader-exec\/done of the Lease default\/migrate cannot be read.*remove it/,
  ],
  ["is of a newer version", newer, /newer version of leader-exec; use that one, or another --lease-name/],
  ["has no room", many(mostKeys), /200 keys.*--lease-name, or --once-ttl.*remove the annotation/],
];
for (const [what, record, sentence] of flaws)
  void test(`a record that ${what}: 125 before anything runs, also when it becomes so while standing by`, () => {
    const [exit, message] = endOf([[5, read(1, found(freeWith(record)))]]);
    assert.equal(exit, 125);
    assert.match(message, sentence);
    const standing: Step = [5, read(1, found(lease({ done: open })))];
    assert.equal(endOf([standing, [9, watched(lease({ done: record }, "11"))]])[0], 125);
    assert.equal(
      playJob({}, [5, read(1, found(freeWith(record)))])[0].phase,
      "standby",
      "without --once it does not matter",
    );
  });

void test("a full record still lets those through whose key is in it, and has room once a key is forgotten", () => {
  const full = keys({
    ...Object.fromEntries([...Array(mostKeys - 1).keys()].map((n) => [`k${n}`, Infinity])),
    ours: Infinity,
  });
  assert.equal(endOf([[5, read(1, found(freeWith(full)))]])[0], 0);
  const over = many(mostKeys, epoch + ahead);
  assert.ok(kinds(playJob(run, [5, read(1, found(freeWith(over)))])[1]).includes("write"));
  assert.equal(endOf([[5, read(1, found(freeWith(many(mostKeys, epoch + ahead + 1))))]])[0], 125);
});

/** A run that ends with this code, up to its release (request 3). */
const ran = (code: number, record: Done | null = open): readonly Step[] => [
  ...acquired(record),
  [1_000, exited(code)],
  [1_001, gone],
];

void test("a success is recorded in the write that releases the Lease, beside what others have recorded", () => {
  const [state, effects] = playJob(run, ...ran(0));
  inPhase(state, "releasing");
  const { record } = only(effects, "write").write;
  assert.equal(record.holder, "");
  assert.deepEqual(keysOf(record.done), ["other", "ours"]);
  const [exit, message] = endOf([...ran(0), [1_010, written(3, stored(freeWith(record.done)))]]);
  assert.equal(exit, 0);
  assert.match(message, /"schema 42" is recorded as done/);
});

void test("a failure is not recorded, and its code is passed on; nor is a run that was stopped, whatever it says", () => {
  const [, effects] = playJob(run, ...ran(3));
  assert.deepEqual(doneIn(effects), open);
  assert.equal(endOf([...ran(3), [1_010, written(3, stored(freeWith(open)))]])[0], 3);
  const stopped: readonly Step[] = [...acquired(open), [900, stop], [1_000, exited(0)], [1_001, gone]];
  assert.deepEqual(doneIn(playJob(run, ...stopped)[1]), open);
  const [exit, message] = endOf([...stopped, [1_010, written(3, stored(freeWith(open)))]]);
  assert.equal(exit, 143);
  assert.match(message, /exited with code 0; the Lease is released; a run that was stopped is not recorded/);
  const overrun: Partial<Job> = { once, maxRun: 500 };
  const over: readonly Step[] = [...acquired(open), [512, tick], [1_000, exited(0)], [1_001, gone]];
  assert.deepEqual(doneIn(playJob(overrun, ...over)[1]), open);
  assert.equal(endOf([...over, [1_010, written(3, stored(freeWith(open)))]], overrun)[0], 124);
});

void test("without leader election nothing is recorded, and the code is the command's", () => {
  const at = (time: Millis): Turn => turn(time, { me: { ...me, job: { ...service, ...run } } });
  let [state] = step(initialDirect, tick, at(0));
  for (const event of [started, exited(0)]) [state] = step(state, event, at(1));
  assert.equal(outcomeOf(step(state, gone, at(2))[1]).kind, "command-ended");
});

void test("after a conflict the success is added to what is there now, as long as the Lease is ours", () => {
  const edited = mine({ done: keys({ other: Infinity, new: Infinity }) }, "12");
  const again: readonly Step[] = [...ran(0), [1_010, written(3, conflict)], [1_015, read(4, found(edited))]];
  const [, effects] = playJob(run, ...again);
  assert.equal(only(effects, "write").write.base?.version, "12");
  assert.deepEqual(keysOf(doneIn(effects)), ["other", "new", "ours"]);
});

void test("a success that cannot be recorded is never 0: it says so, and that it will run again", () => {
  const sentence = /^the command succeeded, but this could not be recorded, so "schema 42" will run again \(--once\): /;
  const successor = lease({ transitions: 9, done: open }, "15");
  const ends: readonly (readonly Step[])[] = [
    [...ran(0), [1_010, written(3, conflict)], [1_015, read(4, found(successor))]],
    [...ran(0), [1_010, written(3, conflict)], [1_015, read(4, found({ ...freeWith(open), uid: "another" }))]],
    [...ran(0), [1_010, written(3, stored(freeWith(open)))]],
    // Deleted: nobody creates a free one for it, since by now it may have been somebody else's.
    [...ran(0), [1_010, written(3, missing)]],
    [...ran(0), [1_010, written(3, failed)], [1_060, tick], [1_070, read(4, missing)]],
    // Lost while what the command had left behind was being killed.
    [...acquired(open), [1_000, exited(0)], [1_001, watched(successor)], [1_002, gone]],
    [...ran(0), [4_000, written(3, failed)], [14_855, tick]],
  ];
  for (const steps of ends) {
    const [exit, message] = endOf(steps);
    assert.equal(exit, 75, message);
    assert.match(message, sentence);
  }
});

void test("a success is tried to be recorded for as long as the Lease is ours, each time within a third of the renew deadline", () => {
  const [first, effects] = playJob(run, ...ran(0));
  assert.equal(only(effects, "write").deadline, 1_001 + 10_000 / 3);
  assert.equal(inPhase(first, "releasing").giveUpAt, 5 + 14_850, "from when the last renewal was sent");
  const [state] = playJob(run, ...ran(0), [4_334, written(3, failed)]);
  assert.equal(nextWake(state, turn(4_334)), 4_384);
  const [, looking] = playJob(run, ...ran(0), [4_334, written(3, failed)], [4_384, tick]);
  assert.deepEqual(kinds(looking), ["read"]);
});

void test("a release whose answer was lost is found on the Lease, whoever holds it by now", () => {
  const lost: readonly Step[] = [...ran(0), [4_334, written(3, failed)], [4_384, tick]];
  for (const what of [freeWith(done), lease({ done, transitions: 9 }, "15")])
    assert.equal(endOf([...lost, [4_390, read(4, found(what))]])[0], 0);
});

void test("a Lease that was emptied by hand while a success is recorded takes the record all the same", () => {
  const cleared = mine({ holder: "", markedBy: "me", done: open }, "12");
  const [, effects] = playJob(run, ...ran(0), [1_010, written(3, conflict)], [1_015, read(4, found(cleared))]);
  assert.deepEqual([only(effects, "write").write.base?.version, keysOf(doneIn(effects))], ["12", ["other", "ours"]]);
});

void test("a record that cannot be read any more when the command has succeeded is not written over", () => {
  const spoiled = mine({ done: unreadable }, "12");
  const steps: readonly Step[] = [...ran(0), [1_010, written(3, conflict)], [1_015, read(4, found(spoiled))]];
  assert.deepEqual(doneIn(playJob(run, ...steps)[1]), unreadable);
  const [exit, message] = endOf([...steps, [1_020, written(5, stored(freeWith(unreadable)))]]);
  assert.equal(exit, 75);
  assert.match(message, /will run again \(--once\): the annotation .* cannot be read/);
});

void test("--once-ttl: a success is forgotten after that time by the server's clock, and is taken out by the next record", () => {
  const brief: Partial<Job> = { once: { ...once, ttl: 60_000 } };
  const [, effects] = playJob(brief, ...ran(0, keys({ over: epoch + ahead, other: Infinity })));
  const record = doneIn(effects);
  assert.deepEqual(keysOf(record), ["other", "ours"]);
  const until = (record?.kind === "keys" ? record.keys.get("ours")?.until : undefined) ?? 0;
  // A second more: Date may have been almost a second behind; and as far as the server's clock may have gone.
  assert.ok(Math.abs(until - (epoch + ahead + 1_000 + 1_000 + 60_000)) < 20, String(until - epoch));
  const entry = freeWith(keys({ ours: epoch + 60_000 }));
  assert.equal(endOf([[5, read(1, found(entry, 56_999))]])[0], 0);
  assert.ok(kinds(playJob(run, [5, read(1, found(entry, 57_000))])[1]).includes("write"));
  assert.equal(endOf([[5, read(1, found(entry, null))]])[0], 0, "a server that tells no time: our own stands in");
});

void test("--once-ttl: what only a watch tells of is looked at first, since it does not tell the time; what was over stays so", () => {
  const standing: Step = [5, read(1, found(lease({ done: keys({ ours: epoch }) })))];
  const renewal = lease({ renewTime: epoch + 2_000, done: keys({ ours: epoch }) }, "11");
  assert.deepEqual(kinds(playJob(run, standing, [9, watched(renewal)])[1]), []);
  const released = lease(
    { holder: "", durationSeconds: 1, markedBy: null, done: keys({ ours: epoch + 60_000 }) },
    "12",
  );
  const told: Step = [12, watched(released)];
  assert.deepEqual(kinds(playJob(run, standing, told)[1]), ["read"]);
  assert.equal(endOf([standing, told, [15, read(2, found(released, 15))]])[0], 0);
  assert.deepEqual(kinds(playJob(run, standing, told, [15, read(2, failed)], [15_100, tick])[1]), ["read"]);
});

void test("a failure of a job that also asks for a pause keeps the next attempt waiting; what runs no command does not", () => {
  const pausing: Partial<Job> = { once, holdAtLeast: 60_000 };
  assert.ok((only(playJob(pausing, ...ran(3))[1], "write").write.record.holdUntil ?? 0) > epoch);
  const acquiring: readonly Step[] = [
    [5, read(1, found(freeWith(open)))],
    [9_000, written(2, stored(mine({ done: open })))],
    [9_000, tick],
    [9_001, written(3, conflict)],
    [9_002, read(4, found(mine({ done }, "12")))],
    [9_010, written(5, stored(mine({ done }, "13")))],
  ];
  assert.equal(only(playJob(pausing, ...acquiring)[1], "write").write.record.holdUntil, null);
});

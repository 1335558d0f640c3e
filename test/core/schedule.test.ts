/** --schedule in the core: a tick is recorded before its command starts, runs once at most, and the next one is waited for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, nextWake, step } from "../../src/core/lifecycle.ts";
import { service, type Job } from "../../src/core/job.ts";
import type { ReadResult, StoredLease, WriteResult } from "../../src/core/lease.ts";
import { lineOf } from "../../src/core/report.ts";
import type { Schedule, Ticks } from "../../src/core/schedule.ts";
import type { Leading, State } from "../../src/core/state.ts";
import { formatTime, parseTime } from "../../src/core/time-of-day.ts";
import type { Effect, Event, Millis, Turn } from "../../src/core/types.ts";
import { epoch, free, inPhase, kinds, lease, me, mine, only, sigterm, turn } from "../support/core.ts";

const every = (span: Millis): Ticks => ({
  after: (time) => (Math.floor(time / span) + 1) * span,
  upTo: (time) => Math.floor(time / span) * span,
});
const minutely: Schedule = { ticks: every(60_000), catchUp: "none" };
const catching: Schedule = { ...minutely, catchUp: "last" };

const tick: Event = { kind: "tick" };
const exited = (code: number): Event => ({ kind: "command-ended", end: { kind: "exited", code } });
const started: Event = { kind: "command-started", pid: 7 };
const gone: Event = { kind: "tree-gone" };
const term: Event = { kind: "signal", signal: sigterm };
const read = (id: number, result: ReadResult): Event => ({ kind: "read", id, result });
const written = (id: number, result: WriteResult): Event => ({ kind: "written", id, result });
const found = (what: StoredLease): ReadResult => ({ kind: "found", lease: what });
const stored = (what: StoredLease): WriteResult => ({ kind: "stored", lease: what });
const failed = { kind: "failed", reason: "timeout", message: "no answer" } as const;
/** A time of day: so long after the epoch of the tests, which is the full minute 0. */
const day = (at: Millis): string => formatTime(epoch + at);

/** Time on the candidate's own clock, what happens, and how far the time of day is ahead of that clock then. */
type Step = readonly [Millis, Event, Millis?];

function at(time: Millis, ahead: Millis, schedule: Schedule, job: Partial<Job> = {}): Turn {
  return turn(time, { wall: epoch + time + ahead, me: { ...me, job: { ...service, schedule, ...job } } });
}

/** As the loop does: a tick before each event. All effects of the last event, those of its tick included. */
function play(schedule: Schedule, steps: readonly Step[], job: Partial<Job> = {}): [State, readonly Effect[]] {
  let state: State = step(initial(at(0, 0, schedule, job)), tick, at(0, 0, schedule, job))[0];
  let effects: readonly Effect[] = [];
  for (const [time, event, ahead = 0] of steps) {
    const now = at(time, ahead, schedule, job);
    const [ticked, first] = event.kind === "tick" ? [state, []] : step(state, tick, now);
    const [next, more] = step(ticked, event, now);
    [state, effects] = [next, [...first, ...more]];
  }
  return [state, effects];
}

const freeWith = (lastTick: string | null): StoredLease => ({ ...free, record: { ...free.record, lastTick } });
/** Acquired at 8 ms; the Lease named this last tick. */
const acquired = (lastTick: string | null = null, ahead: Millis = 0): readonly Step[] => [
  [5, read(1, found(freeWith(lastTick))), ahead],
  [8, written(2, stored(mine({ lastTick }))), ahead],
];
const renewed = (id: number, lastTick: string | null = null): Event =>
  written(id, stored(mine({ lastTick }, String(id + 20))));
/** Renewals up to the first minute: ids 3 to 31, one every 2 s. */
const upToMinute: readonly Step[] = Array.from({ length: 29 }, (_, index) => {
  const sent = 2_005 + index * 2_000;
  return [[sent, tick] as Step, [sent + 3, renewed(index + 3)] as Step];
}).flat();
const claimed: readonly Step[] = [...acquired(), ...upToMinute, [60_000, tick]];
const running: readonly Step[] = [...claimed, [60_003, renewed(32, day(60_000))], [60_005, started]];

const lastTickIn = (effects: readonly Effect[]) => only(effects, "write").write.record.lastTick;
const leadingOf = (state: State): Leading => inPhase(state, "leading");
const said = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) => (effect.kind === "report" ? [lineOf(effect.report).message] : []));

void test("times of day are written and read as RFC 3339", () => {
  const times = ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-03-29T01:00:00Z", "2100-03-01T00:00:00Z"];
  for (const time of times) {
    assert.equal(parseTime(time), Date.parse(time));
    assert.equal(formatTime(Date.parse(time) + 999), time);
  }
  assert.equal(parseTime("2026-03-29T03:00:00.5+02:00"), Date.parse("2026-03-29T01:00:00Z"));
  for (const wrong of [
    "",
    "tomorrow",
    "2026-03-29",
    "2026-02-30T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-13-01T00:00:00Z",
  ])
    assert.equal(parseTime(wrong), null, wrong);
});

void test("a leader starts nothing before a tick, and wakes when it comes", () => {
  const [state, effects] = play(minutely, acquired());
  assert.deepEqual(kinds(effects), ["report acquired", "report next-tick"]);
  assert.equal(leadingOf(state).command, "idle");
  const near = play(minutely, [...acquired(), ...upToMinute])[0];
  assert.equal(nextWake(near, at(59_200, 0, minutely)), 60_000);
  assert.ok(nextWake(near, at(58_100, 0, minutely)) <= 59_100, "a clock that is set is noticed within a second");
});

void test("a tick is written to the Lease at once, and its command starts when that write is confirmed", () => {
  const [, effects] = play(minutely, claimed);
  assert.deepEqual(kinds(effects), ["write"]);
  assert.equal(lastTickIn(effects), day(60_000));
  const [, confirmed] = play(minutely, [...claimed, [60_003, renewed(32, day(60_000))]]);
  const start = only(confirmed, "start");
  assert.equal(start.tick, epoch + 60_000);
  assert.equal(start.lease?.version, "52", "the fencing token is the version of the write that recorded the tick");
});

void test("a renewal under way when the tick comes is answered first; the tick is written right after it", () => {
  const crossing: readonly Step[] = [...acquired(), ...upToMinute.slice(0, -2), [59_990, tick], [60_000, tick]];
  assert.deepEqual(kinds(play(minutely, crossing)[1]), []);
  const [state, answered] = play(minutely, [...crossing, [60_004, renewed(31)]]);
  assert.deepEqual(kinds(answered), ["guard-until"], "the answer to an earlier write starts nothing");
  assert.equal(nextWake(state, at(60_004, 0, minutely)), 60_004);
  assert.equal(lastTickIn(play(minutely, [...crossing, [60_004, renewed(31)], [60_005, tick]])[1]), day(60_000));
});

void test("a write that fails starts nothing, also when a read then shows the tick: it is written again", () => {
  const [state, effects] = play(minutely, [...claimed, [63_300, written(32, failed)]]);
  assert.deepEqual(kinds(effects), ["report renew-failed"]);
  assert.equal(leadingOf(state).command, "idle");
  const retried: readonly Step[] = [
    ...claimed,
    [63_300, written(32, failed)],
    [63_400, tick],
    [63_403, written(33, { kind: "conflict" })],
  ];
  const applied = mine({ lastTick: day(60_000) }, "53");
  const [, again] = play(minutely, [...retried, [63_406, read(34, found(applied))]]);
  assert.deepEqual(kinds(again), ["write"], "the record alone is no leave to start");
  const [, confirmed] = play(minutely, [
    ...retried,
    [63_406, read(34, found(applied))],
    [63_409, renewed(35, day(60_000))],
  ]);
  assert.equal(only(confirmed, "start").tick, epoch + 60_000);
});

void test("a confirmation that took so long that little is left of the lease is followed by a renewal, then by the start", () => {
  const late: readonly Step[] = [...claimed, [66_000, renewed(32, day(60_000))]];
  const [state, effects] = play(minutely, late);
  assert.deepEqual([leadingOf(state).command, kinds(effects)], ["waiting", ["guard-until"]]);
  assert.deepEqual(kinds(play(minutely, [...late, [66_001, tick], [66_004, renewed(33, day(60_000))]])[1]), [
    "guard-until",
    "start",
  ]);
});

void test("when the tree of its command is gone, the tick is done and the next one is waited for", () => {
  const [state, effects] = play(minutely, [...running, [61_000, exited(0)], [61_002, gone]]);
  assert.deepEqual([leadingOf(state).command, kinds(effects)], ["idle", ["report tick-ended"]]);
  assert.match(said(effects)[0] ?? "", /^the tick 2026-01-01T00:01:00Z is done: the command exited with code 0$/);
  const [, failure] = play(minutely, [...running, [61_000, exited(3)], [61_002, gone]]);
  assert.match(
    said(failure)[0] ?? "",
    /failed: the command exited with code 3 \(1 of 1 runs failed\); the next one runs$/,
  );
});

void test("a command that cannot be started is a failed tick", () => {
  const cannot: Event = { kind: "command-not-started", failure: { reason: "not-found", message: "it was not found" } };
  const [state, effects] = play(minutely, [...running.slice(0, -1), [60_005, cannot]]);
  assert.deepEqual([leadingOf(state).command, kinds(effects)], ["idle", ["report tick-not-started"]]);
  assert.match(said(effects)[0] ?? "", /failed: it was not found \(1 of 1 runs failed\)/);
});

void test("--max-run holds for each tick: stopped, told as 124, and the next one runs", () => {
  const job = { maxRun: 1_000 };
  const over: readonly Step[] = [...running, [61_005, tick]];
  assert.deepEqual(kinds(play(minutely, over, job)[1]), ["report overrun", "forward"]);
  const [state, effects] = play(minutely, [...over, [61_010, exited(0)], [61_012, gone]], job);
  assert.equal(leadingOf(state).command, "idle");
  const report = only(effects, "report").report;
  assert.equal(lineOf(report).fields["exitCode"], 124);
  assert.match(lineOf(report).message, /ran longer than 1s \(--max-run\) and was stopped: it exited with code 0/);
});

/** Keeps the Lease from one minute to another, the command running. */
const renewalsTo = (from: number, until: Millis): readonly Step[] => {
  const steps: Step[] = [];
  for (let sent = 62_000, id = from; sent < until; sent += 2_000, id++)
    steps.push([sent, tick], [sent + 3, renewed(id, day(60_000))]);
  return steps;
};

void test("a tick that comes while the command of an earlier one runs is skipped and told, and the Lease says so", () => {
  const long: readonly Step[] = [...running, ...renewalsTo(33, 119_000)];
  const [state, effects] = play(minutely, [...long, [120_000, tick]]);
  assert.match(
    said(effects)[0] ?? "",
    /^skipped the tick 2026-01-01T00:02:00Z: the command of an earlier one was still running$/,
  );
  assert.equal(leadingOf(state).hold.tick, epoch + 120_000);
  const [after, more] = play(minutely, [
    ...long,
    [120_000, tick],
    [120_500, exited(0)],
    [120_502, gone],
    [120_600, tick],
  ]);
  assert.equal(leadingOf(after).command, "idle");
  assert.deepEqual(kinds(more), []);
  const [, atEnd] = play(minutely, [...long, [119_990, exited(0)], [120_010, gone]]);
  assert.deepEqual(kinds(atEnd).slice(-2), ["report tick-ended", "report ticks-skipped"], "its tree was still there");
});

void test("a new Lease has missed nothing", () => {
  const [state, effects] = play(catching, acquired(null, 30_000));
  assert.deepEqual(kinds(effects), ["report acquired", "report next-tick"]);
  assert.equal(leadingOf(state).plan?.next, epoch + 60_000);
});

void test("--catch-up none: ticks that nobody was there for are counted, told and skipped, once", () => {
  const [state, effects] = play(minutely, acquired(day(-240_000), 30_000));
  assert.match(
    said(effects)[1] ?? "",
    /^missed 4 ticks, the last of them 2026-01-01T00:00:00Z: nobody was leading, .*; not run \(--catch-up none\)$/,
  );
  assert.equal(leadingOf(state).hold.tick, epoch, "the next leader does not tell them again");
  assert.equal(
    only(play(minutely, [...acquired(day(-240_000), 30_000), [2_010, tick, 30_000]])[1], "write").write.record.lastTick,
    day(0),
  );
});

void test("--catch-up last: the last one missed runs once, after its record is confirmed", () => {
  const missed = acquired(day(-240_000), 30_000);
  const [state, effects] = play(catching, missed);
  assert.match(
    said(effects)[1] ?? "",
    /^missed 3 ticks, the last of them 2025-12-31T23:59:00Z: .*; the last one, 2026-01-01T00:00:00Z, runs now$/,
  );
  assert.deepEqual(kinds(effects).includes("start"), false);
  assert.equal(nextWake(state, at(8, 30_000, catching)), 8);
  const recorded: readonly Step[] = [...missed, [9, tick, 30_000], [12, renewed(3, day(0)), 30_000]];
  assert.equal(only(play(catching, recorded)[1], "start").tick, epoch);
  const again: readonly Step[] = [
    ...recorded,
    [14, started, 30_000],
    [20, exited(0), 30_000],
    [22, gone, 30_000],
    [500, tick, 30_000],
  ];
  assert.deepEqual(kinds(play(catching, again)[1]), []);
});

void test("a tick up to the last one on the Lease never runs, in whatever way the clocks of two candidates differ", () => {
  for (const schedule of [minutely, catching]) {
    // Our clock is behind that of the leader before us, which ran the tick of minute 1 already.
    const behind = acquired(day(60_000), 30_000);
    assert.equal(leadingOf(play(schedule, behind)[0]).plan?.next, epoch + 120_000);
    assert.deepEqual(kinds(play(schedule, [...behind, [2_005, tick, 58_000]])[1]), ["write"]);
    assert.equal(lastTickIn(play(schedule, [...behind, [2_005, tick, 58_000]])[1]), day(60_000));
  }
});

void test("a tick that is less than a second old when the Lease is acquired is on time", () => {
  const [, effects] = play(minutely, [...acquired(day(-60_000), 500), [9, tick, 500]]);
  assert.equal(lastTickIn(effects), day(0));
});

void test("a step back of the clock never runs a tick again, and is told", () => {
  const done: readonly Step[] = [...running, [61_000, exited(0)], [61_002, gone]];
  const [state, effects] = play(minutely, [...done, [61_500, tick, -3_600_000]]);
  assert.match(said(effects)[0] ?? "", /^the clock here is 59m59s behind the last tick, .*: nothing runs before that/);
  assert.equal(leadingOf(state).plan?.next, epoch + 120_000);
  const twice: readonly Step[] = [...done, [61_500, tick, -3_600_000], [61_800, tick, -3_600_000]];
  assert.deepEqual(kinds(play(minutely, twice)[1]), [], "told once");
  assert.deepEqual(
    kinds(play(minutely, [...done, [61_500, tick, -30_000], [62_000, tick, -2_000]])[1]).filter(
      (kind) => kind !== "write",
    ),
    [],
  );
});

void test("a step forward misses the ticks it jumps over; --catch-up last runs the last of them", () => {
  const jumped: readonly Step[] = [...acquired(), [500, tick, 3_630_000]];
  const [state, effects] = play(minutely, jumped);
  assert.match(said(effects)[0] ?? "", /^missed 60 ticks, .* or the clock was set forward; not run/);
  assert.equal(leadingOf(state).plan?.claim, null);
  const [, caught] = play(catching, jumped);
  assert.equal(lastTickIn(caught), day(3_600_000));
});

void test("a leader that did not come to look for a while runs a tick that came meanwhile, whatever --catch-up says", () => {
  const slow: readonly Step[] = [...claimed.slice(0, -1), [64_000, tick]];
  assert.equal(lastTickIn(play(minutely, slow)[1]), day(60_000));
});

void test("what was missed is counted up to a limit", () => {
  const [, effects] = play({ ticks: every(1_000), catchUp: "none" }, acquired(day(-86_400_000)));
  assert.match(said(effects)[1] ?? "", /^missed more than \d+ ticks/);
});

void test("asked to stop while idle: released at once, 128 + n; a tick that was not confirmed is left to the next leader", () => {
  const [state, effects] = play(minutely, [...acquired(day(-60_000), 30_000), [500, term, 30_000]]);
  assert.equal(inPhase(state, "releasing").ending.kind, "stopped-idle");
  assert.equal(lastTickIn(effects), day(0));
  assert.equal(lastTickIn(play(minutely, [...claimed, [60_001, term]])[1]), day(8));
});

void test("a tick that was recorded, but whose command was not started, is left to the next leader: also the first one of a term", () => {
  const applied: Event = read(34, found(mine({ lastTick: day(60_000) }, "53")));
  const conflict: Event = written(33, { kind: "conflict" });
  const stopped: readonly Step[] = [
    [60_001, term],
    [60_002, conflict],
    [60_003, applied],
  ];
  const [, again] = play(minutely, [...claimed, ...stopped]);
  assert.equal(lastTickIn(again), day(8), "nothing was recorded before: it counts from when the Lease was acquired");
  const before = acquired(day(-60_000), 30_000);
  const caught: readonly Step[] = [
    [9, tick, 30_000],
    [10, term, 30_000],
  ];
  assert.equal(lastTickIn(play(catching, [...before, ...caught])[1]), day(-60_000));
  const several = acquired(day(-240_000), 30_000);
  assert.equal(
    lastTickIn(play(catching, [...several, ...caught])[1]),
    day(-60_000),
    "those that were told as missed are",
  );
  const late: readonly Step[] = [...claimed, [66_000, renewed(32, day(60_000))], [66_001, tick], [66_002, term]];
  assert.equal(leadingOf(play(minutely, late.slice(0, -1))[0]).command, "waiting");
  assert.equal(lastTickIn(play(minutely, late)[1]), day(8), "recorded, and waiting for a renewal");
  const done: readonly Step[] = [...running, [61_000, exited(0)], [61_002, gone], [61_500, term]];
  assert.equal(lastTickIn(play(minutely, done)[1]), day(60_000), "this one was run");
});

void test("asked to stop while the command of a tick ends: that is the end, as with any command", () => {
  const ending: readonly Step[] = [...running, [61_000, exited(0)], [61_001, term], [61_002, gone]];
  const [state] = play(minutely, ending);
  assert.equal(inPhase(state, "releasing").ending.kind, "stopped");
  const during: readonly Step[] = [...running, [61_000, term], [61_001, exited(0)], [61_002, gone]];
  assert.equal(inPhase(play(minutely, during)[0], "releasing").ending.kind, "stopped");
});

void test("lost while idle: nothing to kill, released or not ours, and the outcome is a loss", () => {
  const [late, effects] = play(minutely, [...acquired(), [2_005, tick], [5_338, written(3, failed)], [10_005, tick]]);
  assert.deepEqual(kinds(effects).slice(0, 2), ["report lost-idle", "write"]);
  assert.equal(inPhase(late, "releasing").ending.kind, "lost");
  const taken: Event = { kind: "watched", lease: lease({ transitions: 9 }, "99") };
  const [, told] = play(minutely, [...acquired(), [500, taken]]);
  assert.deepEqual(kinds(told), ["report lost-idle", "finish"]);
  const [, stopped] = play(minutely, [...running, [61_000, exited(0)], [61_001, taken], [61_002, gone]]);
  const { outcome } = only(stopped, "finish");
  assert.ok(outcome.kind === "lost" && !outcome.idle, "its command's end is not what ended us");
});

void test("an annotation that is no time ends with 125 instead of an acquisition, and is not overwritten", () => {
  const [state, effects] = play(minutely, [[5, read(1, found(freeWith("yesterday")))]]);
  assert.equal(state.phase, "finished");
  assert.deepEqual(only(effects, "finish").outcome, { kind: "unreadable-tick", text: "yesterday" });
  assert.ok(!kinds(effects).includes("write"));
});

void test("a candidate without a schedule leaves the last tick as it is", () => {
  const plain = (steps: readonly (readonly [Millis, Event])[]): readonly Effect[] => {
    let state: State = step(initial(turn(0)), tick, turn(0))[0];
    let effects: readonly Effect[] = [];
    for (const [time, event] of steps) [state, effects] = step(state, event, turn(time));
    return effects;
  };
  assert.equal(lastTickIn(plain([[5, read(1, found(freeWith("yesterday")))]])), "yesterday");
  assert.equal(
    lastTickIn(
      plain([
        [5, read(1, found(freeWith("x")))],
        [8, written(2, stored(mine({ lastTick: "x" })))],
        [12, started],
        [2_005, tick],
      ]),
    ),
    "x",
  );
});

void test("a tick that cannot be recorded because somebody edits the Lease all the time makes no storm of requests", () => {
  const conflict = (id: number): Event => written(id, { kind: "conflict" });
  const edited = (version: string): ReadResult => found(mine({}, version));
  const storm: readonly Step[] = [
    ...claimed,
    ...[[60_001, conflict(32)] as Step, [60_002, read(33, edited("60"))] as Step],
    ...[[60_003, conflict(34)] as Step, [60_004, read(35, edited("61"))] as Step],
  ];
  const [state, effects] = play(minutely, storm);
  assert.deepEqual(kinds(effects), []);
  assert.equal(nextWake(state, at(60_004, 0, minutely)), 60_014);
  assert.deepEqual(kinds(play(minutely, [...storm, [60_006, tick]])[1]), []);
});

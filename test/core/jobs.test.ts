/** Jobs: candidates that do not wait for ever, the pause after a run, and the limit on a run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { initialDirect, nextWake, step } from "../../src/core/lifecycle.ts";
import { service, type Job } from "../../src/core/job.ts";
import type { ReadResult, StoredLease, WriteResult } from "../../src/core/lease.ts";
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
const exited: Event = { kind: "command-ended", end: { kind: "exited", code: 0 } };
const started: Event = { kind: "command-started", pid: 7 };
const gone: Event = { kind: "tree-gone" };
const read = (id: number, result: ReadResult): Event => ({ kind: "read", id, result });
const written = (id: number, result: WriteResult): Event => ({ kind: "written", id, result });
const watched = (what: StoredLease): Event => ({ kind: "watched", lease: what });
const failed = { kind: "failed", reason: "timeout", message: "no answer" } as const;
/** A read that names the server's clock: `ahead` after the start. */
const found = (what: StoredLease, ahead: Millis | null): ReadResult =>
  ahead === null ? { kind: "found", lease: what } : { kind: "found", lease: what, serverTime: epoch + ahead };

function outcomeOf(effects: readonly Effect[]) {
  return only(effects, "finish").outcome;
}

function obstacleOf(effects: readonly Effect[]) {
  const outcome = outcomeOf(effects);
  assert.ok(outcome.kind === "not-acquired", JSON.stringify(outcome));
  return outcome.obstacle;
}

const once: Partial<Job> = { patience: { kind: "none" } };
const upTo = (span: Millis): Partial<Job> => ({ patience: { kind: "limited", until: span, span } });
/** Its holder has the Lease for a minute; it was renewed when the test began. */
const held = lease({ acquireTime: epoch - 60_000 });
const renewed = lease({ acquireTime: epoch - 60_000, renewTime: epoch + 2_000 }, "11");
const paused = lease({ holder: "", durationSeconds: 1, markedBy: null, holdUntil: epoch + 60_000 }, "11");

void test("who does not wait ends at once when the record looks alive by the server's clock, and names holder and age", () => {
  const [, effects] = playJob(once, [5, read(1, found(held, 1_000))]);
  assert.deepEqual(kinds(effects), ["finish"]);
  assert.deepEqual(obstacleOf(effects), { kind: "held", holder: "other", heldFor: 61_000 });
});

const unclear: readonly (readonly [string, StoredLease, Millis | null])[] = [
  ["it is over by the server's clock", held, 20_000],
  ["it may be over within the second that Date does not show", held, 14_500],
  ["the answer had no Date", held, null],
  ["renewTime is ahead of the server's clock: the holder's own is wrong", held, -5_000],
  ["there is no renewTime", lease({ renewTime: null }), 0],
];
for (const [why, record, serverTime] of unclear)
  void test(`who does not wait watches a record that proves nothing, and takes it when its time is over: ${why}`, () => {
    const first: Step = [5, read(1, found(record, serverTime))];
    assert.equal(playJob(once, first)[0].phase, "standby");
    const looked: Step[] = [first, [9_010, tick], [9_015, read(2, found(record, 2_000))]];
    assert.equal(playJob(once, ...looked)[0].phase, "standby", "an old content proves nothing later either");
    assert.deepEqual(kinds(playJob(once, ...looked, [15_010, tick])[1]), ["write"]);
  });

void test("who does not wait ends when a record that it watches changes: somebody is there", () => {
  const [, effects] = playJob(once, [5, read(1, found(held, 99_000))], [500, watched(renewed)]);
  assert.deepEqual(obstacleOf(effects), { kind: "held", holder: "other", heldFor: 60_500 });
});

void test("who does not wait takes a Lease that is free, missing, or released while it looks", () => {
  assert.ok(kinds(playJob(once, [5, read(1, found(free, 0))])[1]).includes("write"));
  assert.ok(kinds(playJob(once, [5, read(1, { kind: "missing" })])[1]).includes("write"));
  const released = lease({ holder: "", durationSeconds: 1, markedBy: null }, "11");
  const [, effects] = playJob(once, [5, read(1, found(held, 99_000))], [500, watched(released)]);
  assert.deepEqual(kinds(effects), ["write"]);
});

void test("who does not wait and loses the race ends: the winner is at work, or is done already", () => {
  const lost: readonly Step[] = [
    [5, read(1, found(free, 0))],
    [8, written(2, { kind: "conflict" })],
  ];
  const winner = lease({ transitions: 4 }, "12");
  assert.equal(obstacleOf(playJob(once, ...lost, [10, read(3, found(winner, 0))])[1]).kind, "held");
  const done = lease({ holder: "", durationSeconds: 1, markedBy: null, transitions: 4 }, "13");
  assert.deepEqual(obstacleOf(playJob(once, ...lost, [10, read(3, found(done, 0))])[1]), { kind: "overtaken" });
  // Only an annotation was edited: nobody was faster.
  assert.ok(kinds(playJob(once, ...lost, [10, read(3, found({ ...free, version: "10" }, 0))])[1]).includes("write"));
  const create: readonly Step[] = [
    [5, read(1, { kind: "missing" })],
    [8, written(2, { kind: "conflict" })],
  ];
  assert.equal(obstacleOf(playJob(once, ...create, [10, read(3, found(lease(), 0))])[1]).kind, "held");
});

void test("who does not wait takes up an earlier request of its own whose answer was lost", () => {
  const lost: readonly Step[] = [
    [5, read(1, found(free, 0))],
    [3_400, written(2, failed)],
    [3_500, tick],
  ];
  assert.ok(kinds(playJob(once, ...lost, [3_510, read(3, found(mine(), 3_000))])[1]).includes("write"));
});

void test("a limited wait ends on time, and says who was in the way", () => {
  const waiting: Step = [5, read(1, found(held, 0))];
  assert.equal(playJob(upTo(4_000), waiting, [3_999, tick])[0].phase, "standby");
  const [, effects] = playJob(upTo(4_000), waiting, [4_000, tick]);
  assert.deepEqual(outcomeOf(effects), {
    kind: "not-acquired",
    obstacle: { kind: "held", holder: "other", heldFor: 64_000 },
    patience: { kind: "limited", until: 4_000, span: 4_000 },
  });
  const [state] = playJob(upTo(4_000), waiting);
  assert.equal(nextWake(state, turn(5, { me: { ...me, job: { ...service, ...upTo(4_000) } } })), 4_000);
});

void test("a limited wait that ends during an acquire settles it: undone when it was late, left alone when it lost", () => {
  const late: readonly Step[] = [
    [3_990, read(1, found(free, 0))],
    [4_000, tick],
  ];
  assert.equal(playJob(upTo(4_000), ...late)[0].phase, "releasing");
  const undone: Step = [4_005, written(2, { kind: "stored", lease: mine() })];
  assert.deepEqual(kinds(playJob(upTo(4_000), ...late, undone)[1]), ["write"]);
  const released: Step = [4_010, written(3, { kind: "stored", lease: free })];
  const [, effects] = playJob(upTo(4_000), ...late, undone, released);
  assert.deepEqual(kinds(effects), ["report released", "finish"]);
  assert.deepEqual(obstacleOf(effects), { kind: "late" });
  assert.deepEqual(kinds(playJob(upTo(4_000), ...late, [4_005, written(2, { kind: "conflict" })])[1]), ["finish"]);
});

void test("a limited wait in which the Lease was never reached is no conflict but trouble at start", () => {
  const silent = outcomeOf(playJob(upTo(4_000), [4_000, tick])[1]);
  assert.deepEqual(silent, {
    kind: "start-trouble",
    message: "the store has not answered",
    waited: 4_000,
    limit: "--wait",
  });
  const trouble = outcomeOf(playJob(upTo(4_000), [5, read(1, failed)], [4_000, tick])[1]);
  assert.ok(trouble.kind === "start-trouble" && trouble.message === "no answer");
});

void test("who does not wait does not sit out an outage either: --startup-timeout ends it although the Lease was seen", () => {
  const watching: readonly Step[] = [
    [5, read(1, found(held, 99_000))],
    [9_010, tick],
  ];
  const outcome = outcomeOf(playJob(once, ...watching, [9_015, read(2, failed)], [120_000, tick])[1]);
  assert.ok(outcome.kind === "start-trouble" && outcome.limit === "--startup-timeout", JSON.stringify(outcome));
  const answered: Step = [9_015, read(2, found(held, 99_000))];
  assert.equal(playJob(once, ...watching, answered, [120_000, tick])[0].phase, "standby");
  assert.equal(playJob({}, ...watching, [9_015, read(2, failed)], [120_000, tick])[0].phase, "standby");
});

void test("a limited wait goes on where it began when the Lease was lost before the command could start", () => {
  const [state] = playJob(
    upTo(20_000),
    [5, read(1, found(free, 0))],
    [9_000, written(2, { kind: "stored", lease: mine() })],
    [9_001, watched(lease({ transitions: 9 }, "15"))],
  );
  assert.equal(state.phase, "standby");
  const later = turn(9_001, { me: { ...me, job: { ...service, ...upTo(20_000) } } });
  assert.ok(nextWake(state, later) <= 20_000);
});

/** Runs a command that ends at `end`, acquired when the server's clock said 5 s (5 ms on our own). */
const ran = (end: Millis, ...more: readonly Step[]): readonly Step[] => [
  [5, read(1, found(free, 0))],
  [8, written(2, { kind: "stored", lease: mine(), serverTime: epoch + 5_000 })],
  [12, started],
  ...more,
  [end, exited],
  [end, gone],
];

void test("a release leaves the instant up to which others hold back, by the server's clock", () => {
  const [state, effects] = playJob({ holdAtLeast: 60_000 }, ...ran(1_000));
  inPhase(state, "releasing");
  const { record } = only(effects, "write").write;
  // A second more: Date may have been almost a second behind.
  assert.deepEqual([record.holder, record.holdUntil], ["", epoch + 5_000 + 60_000 + 1_000]);
});

void test("there is nothing to hold back for after a long run, without a run, or when it was not asked for", () => {
  const until = (job: Partial<Job>, steps: readonly Step[]) =>
    only(playJob(job, ...steps)[1], "write").write.record.holdUntil;
  assert.equal(until({ holdAtLeast: 900 }, ran(3_000)), null);
  assert.equal(until({}, ran(1_000)), null);
  const notStarted: Event = { kind: "command-not-started", failure: { reason: "failed", message: "no" } };
  assert.equal(until({ holdAtLeast: 60_000 }, [...ran(1_000).slice(0, 2), [12, notStarted]]), null);
  const stop: Event = { kind: "signal", signal: sigterm };
  assert.equal(until({ holdAtLeast: 60_000 }, ran(1_000, [500, stop])), epoch + 66_000);
});

void test("a server that tells no time: our own time of day stands in", () => {
  const steps = ran(1_000).map(([at, event]): Step =>
    event.kind === "written" ? [at, written(2, { kind: "stored", lease: mine() })] : [at, event],
  );
  const { record } = only(playJob({ holdAtLeast: 60_000 }, ...steps)[1], "write").write;
  assert.equal(record.holdUntil, epoch + 8 + 61_000);
});

void test("a standby holds back by the server's clock, whatever its own says, and then takes the Lease", () => {
  const [state, effects] = playJob({}, [5, read(1, found(paused, 50_000))]);
  assert.deepEqual(kinds(effects), ["watch", "report standing-by"]);
  const { report } = only(effects, "report");
  assert.ok(report.kind === "standing-by" && report.waits === "pause");
  assert.equal(nextWake({ ...inPhase(state, "standby"), lookAt: Infinity }, turn(5)), 5 + 10_000 / 0.99);
  const looks: readonly Step[] = [
    [5, read(1, found(paused, 50_000))],
    [9_010, tick],
    [9_015, read(2, found(paused, 59_000))],
  ];
  assert.deepEqual(kinds(playJob({}, ...looks, [10_000, tick])[1]), []);
  assert.deepEqual(kinds(playJob({}, ...looks, [10_100, tick])[1]), ["write"]);
});

void test("a pause that is over by the server's clock is none", () => {
  assert.ok(kinds(playJob({}, [5, read(1, found(paused, 60_000))])[1]).includes("write"));
});

void test("a pause that a watch tells of is measured by a read first, and again later when that fails", () => {
  const told: readonly Step[] = [
    [5, read(1, found(held, 0))],
    [500, watched(paused)],
  ];
  const [, effects] = playJob({}, ...told);
  assert.deepEqual(kinds(effects), ["read"]);
  assert.deepEqual(kinds(playJob({}, ...told, [505, read(2, found(paused, 58_000))])[1]), ["report standing-by"]);
  const [after] = playJob({}, ...told, [505, read(2, failed)], [606, tick]);
  assert.equal(inPhase(after, "standby").request?.kind, "read");
});

void test("a pause whose annotation is removed by hand is over", () => {
  const waiting: Step = [5, read(1, found(paused, 0))];
  const freed = { ...paused, version: "12", record: { ...paused.record, holdUntil: null } };
  assert.deepEqual(kinds(playJob({}, waiting, [500, watched(freed)])[1]), ["write"]);
});

void test("for who does not wait, a pause is a conflict; so it is when a limited wait ends in it", () => {
  const [, effects] = playJob(once, [5, read(1, found(paused, 50_000))]);
  const obstacle = obstacleOf(effects);
  assert.ok(obstacle.kind === "held-back" && Math.round(obstacle.left) === 10_101, JSON.stringify(obstacle));
  const [, later] = playJob(upTo(2_000), [5, read(1, found(paused, 50_000))], [2_000, tick]);
  assert.equal(obstacleOf(later).kind, "held-back");
});

void test("an acquisition takes the pause of an earlier run away", () => {
  const [, effects] = playJob({}, [5, read(1, found(paused, 70_000))]);
  assert.equal(only(effects, "write").write.record.holdUntil, null);
});

const limited: Partial<Job> = { maxRun: 1_500 };

void test("a command that runs too long gets the stop signal, then SIGKILL; the Lease is renewed until its tree is gone", () => {
  const running = ran(9_999).slice(0, 3);
  assert.deepEqual(kinds(playJob(limited, ...running, [1_511, tick])[1]), []);
  const over: Step = [1_512, tick];
  const [state, effects] = playJob(limited, ...running, over);
  assert.deepEqual([state.phase, kinds(effects)], ["stopping", ["report overrun", "forward"]]);
  assert.deepEqual(only(effects, "forward"), { kind: "forward", signal: "SIGTERM", to: "tree" });
  assert.deepEqual(kinds(playJob(limited, ...running, over, [2_005, tick])[1]), ["write"]);
  const killed: Step = [4_512, tick];
  const renewal: Step = [2_010, written(3, { kind: "stored", lease: mine({}, "12") })];
  const [, killing] = playJob(limited, ...running, over, [2_005, tick], renewal, [4_006, tick], killed);
  assert.deepEqual(kinds(killing), ["kill-tree", "report killing"]);
  const ended: readonly Step[] = [
    [1_600, exited],
    [1_601, gone],
    [1_610, written(3, { kind: "stored", lease: free })],
  ];
  const [, last] = playJob(limited, ...running, over, ...ended);
  assert.deepEqual(outcomeOf(last), {
    kind: "overrun",
    limit: 1_500,
    end: { kind: "exited", code: 0 },
    released: "released",
  });
});

void test("a command that is on its way out already is not stopped again by its limit", () => {
  const [state, effects] = playJob(
    limited,
    ...ran(9_999).slice(0, 3),
    [1_000, { kind: "signal", signal: sigterm }],
    [1_600, tick],
  );
  assert.deepEqual([inPhase(state, "stopping").why.kind, kinds(effects)], ["asked", []]);
});

void test("a Lease that is lost while a command that ran too long stops leaves no grace", () => {
  const [, effects] = playJob(
    limited,
    ...ran(9_999).slice(0, 3),
    [1_512, tick],
    [1_600, watched(lease({ transitions: 9 }, "15"))],
  );
  assert.deepEqual(kinds(effects), ["kill-tree", "report lost", "report killing"]);
});

void test("without leader election the limit holds as well", () => {
  const at = (time: Millis): Turn => turn(time, { me: { ...me, job: { ...service, ...limited } } });
  const [starting] = step(initialDirect, tick, at(0));
  const [running] = step(starting, started, at(10));
  assert.equal(nextWake(running, at(10)), 1_510);
  const [stopping, effects] = step(running, tick, at(1_510));
  assert.deepEqual(kinds(effects), ["report overrun", "forward"]);
  assert.equal(step(stopping, tick, at(4_510))[1][0]?.kind, "kill-tree");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Elector } from "../../src/core/elector.ts";
import { initial, nextWake, step } from "../../src/core/lifecycle.ts";
import type { LeaseRecord, StoredLease } from "../../src/core/lease.ts";
import type { Releasing, Standby, State, Stopping } from "../../src/core/state.ts";
import type { Event, Millis } from "../../src/core/types.ts";
import * as at from "../support/core.ts";
import { inPhase, kinds, lease, me, mine, only, play, sigterm, turn } from "../support/core.ts";

const request = { holder: "me", id: "1f" };
const asking = (record: Partial<LeaseRecord> = {}, version = "12"): StoredLease =>
  mine({ stepDown: request, ...record }, version);
const watched = (what: StoredLease): Event => ({ kind: "watched", lease: what });
const tick: Event = { kind: "tick" };
const exited: Event = { kind: "command-ended", end: { kind: "exited", code: 0 } };
const treeGone: Event = { kind: "tree-gone" };
const term: Event = { kind: "signal", signal: sigterm };
const written = (id: number, result: (Event & { kind: "written" })["result"]): Event => ({
  kind: "written",
  id,
  result,
});
const released = { kind: "stored", lease: { ...at.free, version: "14" } } as const;

/** Asked at 1 000: the command has its grace. */
const stopping = (): Stopping => inPhase(play(at.running(), [1_000, watched(asking())])[0], "stopping");
/** The command exited, its tree is gone: the release is under way (id 3). */
const releasing = (): Releasing => inPhase(play(stopping(), [1_500, exited], [1_501, treeGone])[0], "releasing");
/** Released at 1 505. */
const resting = (): Standby => inPhase(play(releasing(), [1_505, written(3, released)])[0], "standby");

type Row = readonly [name: string, state: State, time: number, event: Event, phase: State["phase"], effects: string];

const rows: readonly Row[] = [
  [
    "a request that is watched stops the command as SIGTERM does",
    at.running(),
    1_000,
    watched(asking()),
    "stopping",
    "report step-down, forward",
  ],
  [
    "a request that the read after a conflict shows is answered, and the renewal goes out",
    play(at.renewing(), [2_010, written(3, { kind: "conflict" })])[0],
    2_015,
    { kind: "read", id: 4, result: { kind: "found", lease: asking() } },
    "stopping",
    "write, report step-down, forward",
  ],
  [
    "a request for another holder says nothing",
    at.running(),
    1_000,
    watched(asking({ stepDown: { holder: "other", id: "1f" } })),
    "leading",
    "",
  ],
  [
    "an old request that a slow watch tells of says nothing",
    at.running(),
    1_000,
    watched(asking({}, "10")),
    "leading",
    "",
  ],
  [
    "a command that is being started is stopped once it is there",
    at.starting(),
    10,
    watched(asking()),
    "stopping",
    "report step-down",
  ],
  [
    "before a command was started the Lease is released at once",
    at.late(),
    9_001,
    watched(asking()),
    "releasing",
    "report step-down, write",
  ],
  ["a second request changes nothing", stopping(), 1_100, watched(asking({}, "13")), "stopping", ""],
  ["renewals go on while the command stops", stopping(), 2_005, tick, "stopping", "write"],
  ["nothing is released before the tree is gone", stopping(), 1_500, exited, "stopping", ""],
  ["the grace is that of a SIGTERM", stopping(), 13_355, tick, "stopping", "kill-tree, report killing"],
  ["a SIGTERM while the command stops is passed on, as a first one", stopping(), 5_000, term, "stopping", "forward"],
  [
    "the release makes it a standby, not an end",
    releasing(),
    1_505,
    written(3, released),
    "standby",
    "report released, report stepped-down",
  ],
  [
    "a successor that was faster is left alone",
    releasing(),
    1_505,
    written(3, { kind: "missing" }),
    "standby",
    "report stepped-down",
  ],
  [
    "a Lease that cannot be released is left to expire",
    releasing(),
    99_999,
    tick,
    "standby",
    "report released, report stepped-down",
  ],
  [
    "when the Lease is somebody else's there is nothing to release",
    play(stopping(), [1_100, watched(lease({ transitions: 5 }, "13"))])[0],
    1_200,
    treeGone,
    "standby",
    "report stepped-down",
  ],
  ["a standby that is told to stop ends", resting(), 2_000, term, "finished", "finish"],
];

for (const [name, state, time, event, phase, effects] of rows) {
  void test(`step-down: ${name}`, () => {
    const [next, done] = step(state, event, turn(time));
    assert.equal(kinds(done).join(", "), effects);
    assert.equal(next.phase, phase);
  });
}

void test("step-down: the release takes the request away, and a renewal before it keeps it", () => {
  const [, renewal] = play(stopping(), [2_005, tick]);
  assert.deepEqual(only(renewal, "write").write.record.stepDown, request);
  assert.equal(only(renewal, "write").write.base?.version, "12");
  const [, release] = play(stopping(), [1_500, exited], [1_501, treeGone]);
  assert.equal(only(release, "write").write.record.stepDown, null);
});

void test("step-down: nobody contends for one lease duration after it, and then again", () => {
  const found = (id: number): Event => ({
    kind: "read",
    id,
    result: { kind: "found", lease: { ...at.free, version: "14" } },
  });
  const [looking, read] = play(resting(), [1_506, tick]);
  const [waiting, effects] = play(looking, [1_510, found(only(read, "read").id)]);
  assert.deepEqual(kinds(effects), ["watch"]);
  const rest = 1_505 + me.timing.leaseDuration;
  assert.ok(nextWake(waiting, turn(2_000)) > 2_000);
  const before = play({ ...inPhase(waiting, "standby"), lookAt: Infinity }, [rest - 1, tick]);
  assert.deepEqual(kinds(before[1]), []);
  assert.equal(nextWake(before[0], turn(rest - 1)), rest);
  const [, after] = play(before[0], [rest, tick]);
  const { record } = only(after, "write").write;
  assert.equal(record.holder, "me");
  assert.equal(record.stepDown, null);
});

void test("step-down: a Lease that is missing after the rest may have a holder still, who has to be waited for", () => {
  const missing = (id: number): Event => ({ kind: "read", id, result: { kind: "missing" } });
  const failed = { kind: "failed", reason: "timeout", message: "no answer" } as const;
  const stages: readonly (readonly [State, Millis])[] = [
    [resting(), 1_506],
    [play(releasing(), [1_505, written(3, { kind: "missing" })])[0], 1_506],
    [play(stopping(), [1_100, watched(lease({ transitions: 5 }, "13"))], [1_200, treeGone])[0], 1_201],
  ];
  for (const [state, time] of stages) {
    // Whoever took it meanwhile was told of nothing: we hear nothing before the rest is over.
    const [cut, first] = play(state, [time, tick]);
    const [deaf, second] = play(
      cut,
      [5_000, { kind: "read", id: only(first, "read").id, result: failed }],
      [20_000, tick],
    );
    const [, effects] = play(deaf, [20_005, missing(only(second, "read").id)]);
    assert.deepEqual(
      kinds(effects).filter((kind) => kind === "write"),
      [],
    );
    const [later] = play(deaf, [20_005, missing(only(second, "read").id)]);
    const due = 20_005 + me.timing.leaseDuration;
    assert.deepEqual(kinds(play({ ...inPhase(later, "standby"), lookAt: Infinity }, [due - 1, tick])[1]), []);
    const [, created] = play({ ...inPhase(later, "standby"), lookAt: Infinity }, [due, tick]);
    assert.equal(only(created, "write").write.base, null);
  }
});

void test("step-down: a request that an old holder left behind is gone with the next acquisition", () => {
  const left = lease({ holder: "", durationSeconds: 1, markedBy: null, stepDown: { holder: "dead", id: "1f" } }, "9");
  const found: Event = { kind: "read", id: 1, result: { kind: "found", lease: left } };
  const [, effects] = play(initial(turn(0)), [0, tick], [5, found]);
  assert.equal(only(effects, "write").write.record.stepDown, null);
});

void test("step-down: a job that waits for a limited time ends instead", () => {
  const limited = { ...me, job: { ...me.job, patience: { kind: "limited", until: 60_000, span: 60_000 } as const } };
  const [next, effects] = step(releasing(), written(3, released), turn(1_505, { me: limited }));
  assert.equal(next.phase, "finished");
  assert.deepEqual(only(effects, "finish").outcome, {
    kind: "stepped-down",
    end: { kind: "exited", code: 0 },
    released: "released",
  });
});

void test("step-down: who is asked by the server, and cannot release for sure, takes the Lease back not sooner than a retry period later", () => {
  const server: Elector = { kind: "server", heardAt: 0, standIn: false };
  const prefers = { coordination: { strategy: "OldestEmulationVersion", preferredHolder: "older" } };
  const [stops] = step(at.running(), watched(mine(prefers, "12")), turn(1_000, { elector: server }));
  const gone: Event[] = [exited, treeGone];
  const leaving = gone.reduce((state, event) => step(state, event, turn(1_500, { elector: server }))[0], stops);
  const withdrawn = (time: Millis) => turn(time, { elector: { kind: "withdrawn" } });
  const [releases] = step(leaving, tick, withdrawn(1_501));
  const restOf = (result: (Event & { kind: "written" })["result"]): Millis =>
    inPhase(step(releases, written(4, result), withdrawn(1_600))[0], "standby").restUntil;
  assert.equal(restOf(released), 1_600, "a release that was acknowledged");
  assert.equal(restOf({ kind: "missing" }), 1_600 + me.timing.retryPeriod);
});

void test("step-down: a SIGTERM during the release, or the stop, ends leader-exec as it always does", () => {
  const [, effects] = play(releasing(), [1_502, term], [1_505, written(3, released)]);
  assert.equal(only(effects, "finish").outcome.kind, "stopped");
  const [, later] = play(stopping(), [1_100, term], [1_500, exited], [1_501, treeGone], [1_505, written(3, released)]);
  assert.equal(only(later, "finish").outcome.kind, "stopped");
});

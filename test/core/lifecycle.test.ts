import assert from "node:assert/strict";
import { test } from "node:test";
import { step } from "../../src/core/lifecycle.ts";
import type { State } from "../../src/core/state.ts";
import type { Event } from "../../src/core/types.ts";
import * as at from "../support/core.ts";
import { kinds, lease, mine, sigterm, turn } from "../support/core.ts";

const failed = { kind: "failed", reason: "timeout", message: "no answer" } as const;
const exited: Event = { kind: "command-ended", end: { kind: "exited", code: 3 } };
const notStarted: Event = { kind: "command-not-started", failure: { reason: "failed", message: "no" } };
const tick: Event = { kind: "tick" };
const signal = (name: string, number: number): Event => ({ kind: "signal", signal: { name, number } });
const term: Event = { kind: "signal", signal: sigterm };
const read = (id: number, result: (Event & { kind: "read" })["result"]): Event => ({ kind: "read", id, result });
const written = (id: number, result: (Event & { kind: "written" })["result"]): Event => ({
  kind: "written",
  id,
  result,
});
const other = { kind: "found", lease: lease({ transitions: 5 }, "12") } as const;
const ours = { kind: "found", lease: mine({}, "12") } as const;
const stored = { kind: "stored", lease: mine({}, "12") } as const;
const watched = (what: ReturnType<typeof lease>): Event => ({ kind: "watched", lease: what });

/** state, time, event, phase afterwards, effects. */
type Row = readonly [name: string, state: State, time: number, event: Event, phase: State["phase"], effects: string];

const rows: readonly Row[] = [
  ["standby: a tick at the start reads", at.looking(), 0, tick, "standby", ""],
  ["standby: a held Lease is waited for", at.waiting(), 5_000, tick, "standby", ""],
  ["standby: a long silence is asked about", at.waiting(), 9_005, tick, "standby", "read"],
  [
    "standby: an expired Lease is taken without reading it again",
    { ...at.waiting(), lookAt: 99_999 },
    15_005,
    tick,
    "standby",
    "write",
  ],
  [
    "standby: a free Lease is taken at once, and watched",
    at.looking(),
    5,
    read(1, { kind: "found", lease: at.free }),
    "standby",
    "watch, write",
  ],
  [
    "standby: a missing Lease is created at once",
    at.looking(),
    5,
    read(1, { kind: "missing" }),
    "standby",
    "watch, write",
  ],
  [
    "standby: a held Lease is reported and watched",
    at.looking(),
    5,
    read(1, { kind: "found", lease: lease() }),
    "standby",
    "watch, report standing-by",
  ],
  [
    "standby: our name on a read is confirmed by a write first",
    at.looking(),
    5,
    read(1, ours),
    "standby",
    "watch, write",
  ],
  [
    "standby: a read that fails is told and tried again",
    at.looking(),
    5,
    read(1, failed),
    "standby",
    "report store-trouble",
  ],
  ["standby: an answer to nothing is ignored", at.looking(), 5, read(99, ours), "standby", ""],
  [
    "standby: an acknowledged write makes us lead",
    at.acquiring(),
    8,
    written(2, stored),
    "leading",
    "report acquired, start",
  ],
  [
    "standby: a lost race is followed by a look",
    at.acquiring(),
    8,
    written(2, { kind: "conflict" }),
    "standby",
    "read",
  ],
  [
    "standby: a Lease that vanished is looked for",
    at.acquiring(),
    8,
    written(2, { kind: "missing" }),
    "standby",
    "read",
  ],
  ["standby: a write that fails is told", at.acquiring(), 8, written(2, failed), "standby", "report store-trouble"],
  ["standby: an old write's answer is ignored", at.acquiring(), 8, written(1, stored), "standby", ""],
  [
    "standby: a release that is watched is answered with a write",
    at.waiting(),
    500,
    watched({ ...at.free, version: "11" }),
    "standby",
    "write",
  ],
  ["standby: old news are ignored", at.waiting(), 500, watched({ ...at.free, version: "8" }), "standby", ""],
  ["standby: a deletion is looked at", at.waiting(), 500, { kind: "watched-deletion" }, "standby", "read"],
  [
    "standby: a closed watch is followed by a look",
    at.waiting(),
    5_000,
    { kind: "watch-ended", reason: "closed" },
    "standby",
    "read",
  ],
  [
    "standby: without the verb watch it polls",
    at.waiting(),
    500,
    { kind: "watch-ended", reason: "forbidden" },
    "standby",
    "report watch-down",
  ],
  ["standby: a stop signal ends it", at.waiting(), 500, term, "finished", "finish"],
  ["standby: SIGHUP ends it too", at.waiting(), 500, signal("SIGHUP", 1), "finished", "finish"],
  ["standby: SIGUSR1 is ignored", at.waiting(), 500, signal("SIGUSR1", 10), "standby", ""],
  ["standby: a stop signal waits for an acquire under way", at.acquiring(), 6, term, "releasing", ""],
  ["standby: no command to start", at.waiting(), 500, { kind: "command-started", pid: 1 }, "standby", ""],
  ["standby: no command to fail", at.waiting(), 500, notStarted, "standby", ""],
  ["standby: no command to end", at.waiting(), 500, exited, "standby", ""],
  ["standby: no tree to go", at.waiting(), 500, { kind: "tree-gone" }, "standby", ""],
  ["standby: no guard to lose", at.waiting(), 500, { kind: "guard-lost", message: "gone" }, "standby", ""],

  ["leading: nothing due", at.running(), 1_000, tick, "leading", ""],
  ["leading: the renewal is due", at.running(), 2_005, tick, "leading", "write"],
  ["leading: the renew deadline", at.running(), 10_005, tick, "stopping", "report lost, forward"],
  [
    "leading: the kill deadline leaves no time for a stop signal",
    at.running(),
    13_355,
    tick,
    "stopping",
    "kill-tree, report lost, report killing",
  ],
  ["leading: a late acquire is renewed before the command starts", at.late(), 9_001, tick, "leading", "write"],
  ["leading: a renewal moves the guard", at.renewing(), 2_010, written(3, stored), "leading", "guard-until"],
  ["leading: a conflict is looked at", at.renewing(), 2_010, written(3, { kind: "conflict" }), "leading", "read"],
  [
    "leading: a deleted Lease is created again",
    at.renewing(),
    2_010,
    written(3, { kind: "missing" }),
    "leading",
    "write",
  ],
  ["leading: a failed renewal is told", at.renewing(), 2_010, written(3, failed), "leading", "report renew-failed"],
  ["leading: an answer of an earlier term is ignored", at.renewing(), 2_010, written(2, stored), "leading", ""],
  ["leading: a read nobody asked for is ignored", at.renewing(), 2_010, read(3, other), "leading", ""],
  [
    "leading: another holder that is watched means SIGKILL at once",
    at.running(),
    500,
    watched(other.lease),
    "stopping",
    "kill-tree, report lost, report killing",
  ],
  ["leading: our own renewal that is watched is no news", at.running(), 500, watched(mine()), "leading", ""],
  [
    "leading: a deletion that is watched is verified first",
    at.running(),
    500,
    { kind: "watched-deletion" },
    "leading",
    "read",
  ],
  [
    "leading: an ended watch is opened again with the next tick",
    at.running(),
    500,
    { kind: "watch-ended", reason: "failed" },
    "leading",
    "",
  ],
  ["leading: the command started", at.starting(), 12, { kind: "command-started", pid: 7 }, "leading", "report started"],
  ["leading: a command that cannot start gives the Lease back", at.starting(), 12, notStarted, "releasing", "write"],
  ["leading: the command ended, what it left is killed", at.running(), 1_000, exited, "stopping", "kill-tree"],
  ["leading: a tree is only gone after its command", at.running(), 1_000, { kind: "tree-gone" }, "leading", ""],
  [
    "leading: without a guard it steps down",
    at.running(),
    1_000,
    { kind: "guard-lost", message: "gone" },
    "stopping",
    "report lost, forward",
  ],
  ["leading: a stop signal is passed on", at.running(), 1_000, term, "stopping", "report stopping, forward"],
  ["leading: SIGINT is passed on", at.running(), 1_000, signal("SIGINT", 2), "stopping", "report stopping, forward"],
  ["leading: SIGHUP is the command's business", at.running(), 1_000, signal("SIGHUP", 1), "leading", "forward"],
  ["leading: a stop before the command is there waits for it", at.starting(), 10, term, "stopping", "report stopping"],
  ["leading: a stop before the command is started releases", at.late(), 9_001, term, "releasing", "write"],

  ["stopping: renewals go on", at.asked(), 2_005, tick, "stopping", "write"],
  [
    "stopping: the grace is over",
    { ...at.asked(), graceEnds: 2_000 },
    2_000,
    tick,
    "stopping",
    "kill-tree, report killing",
  ],
  ["stopping: kill-after is over", at.lost(), 13_005, tick, "stopping", "kill-tree, report killing"],
  ["stopping: the command ended, its tree may still clean up", at.asked(), 1_500, exited, "stopping", ""],
  [
    "stopping: the tree is gone, now release",
    at.play(at.asked(), [1_500, exited])[0],
    1_501,
    { kind: "tree-gone" },
    "releasing",
    "write",
  ],
  [
    "stopping: nothing to release when the Lease is not ours",
    { ...at.asked(), hold: null },
    1_501,
    { kind: "tree-gone" },
    "finished",
    "finish",
  ],
  [
    "stopping: the stop signal meets a command that only just started",
    at.play(at.starting(), [10, term])[0],
    12,
    { kind: "command-started", pid: 7 },
    "stopping",
    "forward",
  ],
  ["stopping: the command never started", at.play(at.starting(), [10, term])[0], 12, notStarted, "releasing", "write"],
  ["stopping: a second signal within a second is passed on", at.asked(), 1_900, term, "stopping", "forward"],
  ["stopping: a second signal after a second kills", at.asked(), 2_001, term, "stopping", "kill-tree, report killing"],
  ["stopping: other signals are passed on", at.asked(), 1_900, signal("SIGUSR1", 10), "stopping", "forward"],
  [
    "stopping: another holder that is watched ends all grace",
    at.asked(),
    1_500,
    watched(other.lease),
    "stopping",
    "kill-tree, report lost, report killing",
  ],
  ["stopping: a watched deletion is verified", at.asked(), 1_500, { kind: "watched-deletion" }, "stopping", "read"],
  [
    "stopping: another holder that is read ends all grace",
    at.play(at.asked(), [1_500, { kind: "watched-deletion" }])[0],
    1_505,
    read(3, other),
    "stopping",
    "kill-tree, report lost, report killing",
  ],
  [
    "stopping: a renewal protects the dying tree",
    at.play(at.asked(), [2_005, tick])[0],
    2_010,
    written(3, stored),
    "stopping",
    "guard-until",
  ],
  [
    "stopping: an ended watch does not matter",
    at.asked(),
    1_500,
    { kind: "watch-ended", reason: "closed" },
    "stopping",
    "",
  ],
  [
    "stopping: without a guard nothing waits",
    at.asked(),
    1_500,
    { kind: "guard-lost", message: "gone" },
    "stopping",
    "kill-tree, report killing",
  ],

  ["releasing: nothing due", at.releasing(), 1_100, tick, "releasing", ""],
  ["releasing: time is over", at.releasing(), 9_999, tick, "finished", "report released, finish"],
  ["releasing: released", at.releasing(), 1_005, written(3, stored), "finished", "report released, finish"],
  ["releasing: a conflict is looked at", at.releasing(), 1_005, written(3, { kind: "conflict" }), "releasing", "read"],
  ["releasing: deleted", at.releasing(), 1_005, written(3, { kind: "missing" }), "finished", "finish"],
  ["releasing: a failure is tried again", at.releasing(), 1_005, written(3, failed), "releasing", ""],
  [
    "releasing: still ours after a conflict",
    at.play(at.releasing(), [1_005, written(3, { kind: "conflict" })])[0],
    1_010,
    read(4, ours),
    "releasing",
    "write",
  ],
  [
    "releasing: a successor is left alone",
    at.play(at.releasing(), [1_005, written(3, { kind: "conflict" })])[0],
    1_010,
    read(4, other),
    "finished",
    "finish",
  ],
  [
    "releasing: a late acquire is undone",
    at.play(at.acquiring(), [6, term])[0],
    8,
    written(2, stored),
    "releasing",
    "write",
  ],
  [
    "releasing: a late acquire that lost needs no undoing",
    at.play(at.acquiring(), [6, term])[0],
    8,
    written(2, { kind: "conflict" }),
    "finished",
    "finish",
  ],
  ["releasing: an old answer is ignored", at.releasing(), 1_005, read(1, ours), "releasing", ""],
  ["releasing: signals change nothing", at.releasing(), 1_005, term, "releasing", ""],
  ["releasing: news change nothing", at.releasing(), 1_005, watched(other.lease), "releasing", ""],
  ["releasing: a deletion changes nothing", at.releasing(), 1_005, { kind: "watched-deletion" }, "releasing", ""],
  [
    "releasing: an ended watch changes nothing",
    at.releasing(),
    1_005,
    { kind: "watch-ended", reason: "failed" },
    "releasing",
    "",
  ],
  [
    "releasing: no command is there to start",
    at.releasing(),
    1_005,
    { kind: "command-started", pid: 1 },
    "releasing",
    "",
  ],
  ["releasing: no command is there to fail", at.releasing(), 1_005, notStarted, "releasing", ""],
  ["releasing: no command is there to end", at.releasing(), 1_005, exited, "releasing", ""],
  ["releasing: no tree is there to go", at.releasing(), 1_005, { kind: "tree-gone" }, "releasing", ""],
  ["releasing: no guard is needed", at.releasing(), 1_005, { kind: "guard-lost", message: "gone" }, "releasing", ""],

  ...(
    [
      tick,
      read(1, ours),
      written(1, stored),
      watched(mine()),
      { kind: "watched-deletion" },
      { kind: "watch-ended", reason: "closed" },
      { kind: "command-started", pid: 1 },
      notStarted,
      exited,
      { kind: "tree-gone" },
      { kind: "guard-lost", message: "gone" },
      term,
    ] as const
  ).map((event): Row => [`finished: ${event.kind} changes nothing`, at.finished(), 5, event, "finished", ""]),
];

for (const [name, state, time, event, phase, effects] of rows) {
  void test(name, () => {
    const [next, done] = step(state, event, turn(time));
    assert.equal(kinds(done).join(", "), effects);
    assert.equal(next.phase, phase);
  });
}

void test("every phase meets every event in this table", () => {
  const phases = ["standby", "leading", "stopping", "releasing", "finished"];
  const events = ["tick", "read", "written", "watched", "watched-deletion", "watch-ended", "command-started"];
  events.push("command-not-started", "command-ended", "tree-gone", "guard-lost", "signal");
  const pairs = new Set(rows.map(([, state, , event]) => `${state.phase} x ${event.kind}`));
  const missing = phases
    .flatMap((phase) => events.map((event) => `${phase} x ${event}`))
    .filter((pair) => !pairs.has(pair));
  assert.deepEqual(missing, []);
});

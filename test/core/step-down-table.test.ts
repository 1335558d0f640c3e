/** Stepping down as a table: what each event does on each stage of the way, and what a request does to whoever reads it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { initialDirect, step } from "../../src/core/lifecycle.ts";
import type { LeaseRecord, StoredLease } from "../../src/core/lease.ts";
import type { State } from "../../src/core/state.ts";
import type { Event } from "../../src/core/types.ts";
import * as at from "../support/core.ts";
import { kinds, lease, mine, play, sigterm, turn } from "../support/core.ts";

const asking = (record: Partial<LeaseRecord> = {}): StoredLease =>
  mine({ stepDown: { holder: "me", id: "1f" }, ...record }, "12");
const watched = (what: StoredLease): Event => ({ kind: "watched", lease: what });
const signal = (name: string, number: number): Event => ({ kind: "signal", signal: { name, number } });
const failed = { kind: "failed", reason: "timeout", message: "no answer" } as const;
const exited: Event = { kind: "command-ended", end: { kind: "exited", code: 0 } };
const taken = lease({ transitions: 5 }, "13");
/** Each stage has a request with the id 3 under way, but for `overtaken`, which has nothing to write, and `resting`, which has read once (id 4). */
const written = (result: (Event & { kind: "written" })["result"]): Event => ({ kind: "written", id: 3, result });
const read = (id: number, result: (Event & { kind: "read" })["result"]): Event => ({ kind: "read", id, result });

const asked = (): State => play(at.running(), [1_000, watched(asking())])[0];
const stages = {
  /** Asked while the command was being started. */
  starting: play(at.starting(), [10, watched(asking())])[0],
  /** The command has its grace, and a renewal is under way. */
  stopping: play(asked(), [2_005, { kind: "tick" }])[0],
  /** Somebody else has the Lease: the tree is being killed. */
  overtaken: play(asked(), [1_100, watched(taken)])[0],
  /** The tree is gone, the release is under way. */
  releasing: play(asked(), [1_500, exited], [1_501, { kind: "tree-gone" }])[0],
  /** Released, and the Lease is free. */
  resting: play(
    asked(),
    [1_500, exited],
    [1_501, { kind: "tree-gone" }],
    [1_505, written({ kind: "stored", lease: { ...at.free, version: "14" } })],
    [1_506, { kind: "tick" }],
  )[0],
} as const;
type Stage = keyof typeof stages;
const order = Object.keys(stages) as Stage[];

const events = {
  tick: { kind: "tick" },
  "read: still ours": read(4, { kind: "found", lease: mine({}, "15") }),
  "read: free": read(4, { kind: "found", lease: { ...at.free, version: "14" } }),
  "read: failed": read(4, failed),
  "written: stored": written({ kind: "stored", lease: mine({}, "13") }),
  "written: conflict": written({ kind: "conflict" }),
  "written: missing": written({ kind: "missing" }),
  "written: failed": written(failed),
  "watched: a request, ours": watched(asking()),
  "watched: somebody else's": watched(lease({ transitions: 6 }, "15")),
  "watched-deletion": { kind: "watched-deletion" },
  "watch-ended": { kind: "watch-ended", reason: "closed" },
  "command-started": { kind: "command-started", pid: 7 },
  "command-not-started": { kind: "command-not-started", failure: { reason: "failed", message: "no" } },
  "command-ended": exited,
  "tree-gone": { kind: "tree-gone" },
  "guard-lost": { kind: "guard-lost", message: "gone" },
  "signal: SIGTERM": { kind: "signal", signal: sigterm },
  "signal: SIGUSR1": signal("SIGUSR1", 10),
} as const satisfies Record<string, Event>;
type EventName = keyof typeof events;

/**
 * Phase afterwards and effects, a column a stage, in the order above. Nothing but `tree-gone`, and a command that was never there, leads
 * out of stopping.
 */
const table: Record<EventName, readonly [string, string, string, string, string]> = {
  tick: ["stopping: write", "stopping:", "stopping:", "releasing:", "standby:"],
  "read: still ours": ["stopping:", "stopping:", "stopping:", "releasing:", "standby: watch"],
  "read: free": ["stopping:", "stopping:", "stopping:", "releasing:", "standby: watch"],
  "read: failed": ["stopping:", "stopping:", "stopping:", "releasing:", "standby: report store-trouble"],
  "written: stored": [
    "stopping:",
    "stopping: guard-until",
    "stopping:",
    "standby: report released, report stepped-down",
    "standby:",
  ],
  "written: conflict": ["stopping:", "stopping: read", "stopping:", "releasing: read", "standby:"],
  "written: missing": ["stopping:", "stopping: write", "stopping:", "standby: report stepped-down", "standby:"],
  "written: failed": ["stopping:", "stopping: report renew-failed", "stopping:", "releasing:", "standby:"],
  "watched: a request, ours": ["stopping:", "stopping:", "stopping:", "releasing:", "standby:"],
  "watched: somebody else's": [
    "stopping: kill-tree, report lost, report killing",
    "stopping: kill-tree, report lost, report killing",
    "stopping:",
    "releasing:",
    "standby: watch, report standing-by",
  ],
  "watched-deletion": ["stopping: read", "stopping:", "stopping:", "releasing:", "standby:"],
  "watch-ended": ["stopping:", "stopping:", "stopping:", "releasing:", "standby:"],
  "command-started": ["stopping: forward", "stopping:", "stopping:", "releasing:", "standby:"],
  "command-not-started": [
    "releasing: write",
    "releasing: write",
    "standby: report stepped-down",
    "releasing:",
    "standby:",
  ],
  "command-ended": ["stopping:", "stopping:", "stopping:", "releasing:", "standby:"],
  "tree-gone": ["releasing: write", "releasing: write", "standby: report stepped-down", "releasing:", "standby:"],
  "guard-lost": [
    "stopping: kill-tree, report killing",
    "stopping: kill-tree, report killing",
    "stopping:",
    "releasing:",
    "standby:",
  ],
  "signal: SIGTERM": ["stopping: forward", "stopping: forward", "stopping: forward", "releasing:", "finished: finish"],
  "signal: SIGUSR1": ["stopping: forward", "stopping: forward", "stopping: forward", "releasing:", "standby:"],
};

for (const [name, cells] of Object.entries(table) as [EventName, readonly string[]][]) {
  for (const [column, stage] of order.entries()) {
    void test(`stepping down, ${stage}: ${name}`, () => {
      const [next, effects] = step(stages[stage], events[name], turn(2_008));
      assert.equal(`${next.phase}: ${kinds(effects).join(", ")}`.trim(), cells[column]);
    });
  }
}

void test("stepping down: every event that there is has a row", () => {
  const kindsOfEvents: Record<Event["kind"], true> = {
    tick: true,
    read: true,
    written: true,
    watched: true,
    "watched-deletion": true,
    "watch-ended": true,
    "command-started": true,
    "command-not-started": true,
    "command-ended": true,
    "tree-gone": true,
    "guard-lost": true,
    signal: true,
  };
  const inTable = new Set(Object.values(events).map(({ kind }) => kind));
  assert.deepEqual([...inTable].sort(), Object.keys(kindsOfEvents).sort());
});

/** A request for us, seen on a watch, in each phase. */
const requested: readonly (readonly [what: string, state: State, time: number, expected: string])[] = [
  ["without leader election there is nothing to give up", initialDirect, 5, "direct:"],
  ["who has not read the Lease yet confirms nothing", at.looking(), 3, "standby: watch"],
  ["a standby that finds its own name there confirms that first", at.waiting(), 500, "standby: write"],
  ["an acquiring write under way is answered first", at.acquiring(), 6, "standby:"],
  ["a command that starts is stopped once it is there", at.starting(), 10, "stopping: report step-down"],
  ["before a command was started the Lease is released", at.late(), 9_001, "releasing: report step-down, write"],
  ["a command that runs gets the stop signal", at.running(), 1_000, "stopping: report step-down, forward"],
  ["a renewal under way is no obstacle", at.renewing(), 2_006, "stopping: report step-down, forward"],
  ["who stops anyway goes on with that", at.asked(), 1_500, "stopping:"],
  ["who has lost the Lease goes on with that", at.lost(), 10_500, "stopping:"],
  ["a command that ended by itself is the end", play(at.running(), [1_000, exited])[0], 1_001, "stopping:"],
  ["a release is under way already", at.releasing(), 1_005, "releasing:"],
  ["all is over", at.finished(), 1_005, "finished:"],
];

for (const [what, state, time, expected] of requested) {
  void test(`asked to step down: ${what}`, () => {
    const [next, effects] = step(state, watched(asking()), turn(time));
    assert.equal(`${next.phase}: ${kinds(effects).join(", ")}`.trim(), expected);
  });
}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fieldNames, type LineKind } from "../src/core/log-line.ts";
import { lineOf } from "../src/core/report.ts";
import type { LogLine, Outcome, Report } from "../src/core/types.ts";
import { epoch, mine } from "./support/core.ts";

const page = readFileSync(join(import.meta.dirname, "..", "docs", "operations.md"), "utf8");

/** The cells of the table between <!-- name --> and <!-- /name -->, without its head. */
function table(name: string): string[][] {
  const block = new RegExp(`<!-- ${name} -->\n([^]*)<!-- /${name} -->`).exec(page)?.[1];
  assert.ok(block !== undefined, `docs/operations.md has a table ${name}`);
  const rows = block.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const quoted = (text = ""): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
const namesIn = (name: string): string[] => table(name).flatMap(([first]) => quoted(first));

const passed = { count: 2, isMore: false, last: epoch };
const failed = { tick: epoch, runs: 3, failures: 1 };
const killed = { kind: "signaled", signal: "SIGKILL", number: 9 } as const;
/** Reports of each kind: where sentences, levels or fields differ, one of each. */
const reports: { readonly [K in Report["kind"]]: readonly (Report & { kind: K })[] } = {
  "standing-by": ["b", ""].flatMap((holder) =>
    (["holder", "pause", "election"] as const).map(
      (waits) => ({ kind: "standing-by", holder, waits, forAtMost: 5 }) as const,
    ),
  ),
  acquired: [{ kind: "acquired", lease: mine(), from: "released" }],
  started: [{ kind: "started", pid: 7 }],
  unguarded: [{ kind: "unguarded", message: "no" }],
  "renew-failed": [{ kind: "renew-failed", message: "no", left: 5 }],
  "renewed-again": [{ kind: "renewed-again", after: 5 }],
  lost: [{ kind: "lost", cause: { kind: "late" } }],
  stopping: [{ kind: "stopping", signal: "SIGTERM", killIn: 5 }],
  "step-down": [null, "SIGTERM"].map(
    (signal) => ({ kind: "step-down", id: "1f", to: null, signal, killIn: 5 }) as const,
  ),
  "stepped-down": [null, killed].map((end) => ({ kind: "stepped-down", end, span: 5 }) as const),
  overrun: [{ kind: "overrun", limit: 5, killIn: 5 }],
  killing: [{ kind: "killing", why: "deadline" }],
  "tree-alive": [{ kind: "tree-alive", since: 5 }],
  unconfirmed: [{ kind: "unconfirmed", message: "no", after: 5, rest: 5 }],
  "store-trouble": [{ kind: "store-trouble", message: "no", retryIn: 5 }],
  "store-recovered": [{ kind: "store-recovered" }],
  "watch-down": [{ kind: "watch-down", reason: "forbidden", pollEvery: 5 }],
  released: [
    { kind: "released", released: "released", message: null },
    { kind: "released", released: "not-released", message: "no" },
  ],
  "next-tick": [{ kind: "next-tick", at: epoch }],
  "tick-started": [{ kind: "tick-started", tick: epoch, pid: 7 }],
  "tick-ended": [
    { kind: "tick-ended", end: { kind: "exited", code: 0 }, limit: null, ...failed },
    { kind: "tick-ended", end: killed, limit: null, ...failed },
    { kind: "tick-ended", end: killed, limit: 5, ...failed },
  ],
  "tick-not-started": [{ kind: "tick-not-started", message: "no", ...failed }],
  "ticks-skipped": [{ kind: "ticks-skipped", passed, why: "running" }],
  "ticks-missed": [{ kind: "ticks-missed", passed, catchUp: "none", runs: null }],
  "clock-behind": [{ kind: "clock-behind", by: 5, lastTick: epoch }],
  "lost-idle": [{ kind: "lost-idle", cause: { kind: "late" } }],
};

/** Lines that are no reports; an end-to-end test reads those that are easily had. */
const others: Readonly<Record<Exclude<LineKind, Report["kind"]>, readonly LogLine["level"][]>> = {
  contending: ["info"],
  candidacy: ["info", "warn"],
  "election-off": ["warn"],
  machine: ["warn"],
  listening: ["info"],
  "process-tree": ["debug"],
  event: ["warn"],
  "pod-label": ["warn", "info", "debug"],
  "lines-dropped": ["warn"],
  "guard-released": ["warn", "debug"],
  "internal-error": ["error"],
  end: ["info", "warn", "error"],
};
/** Fields that only such lines have. */
const elsewhere = ["outcome"];

const lines: readonly LogLine[] = Object.values(reports).flatMap((each: readonly Report[]) => each.map(lineOf));

void test("docs/operations.md lists every field that the JSON log can have, and no other", () => {
  const always = ["time", "level", "kind", "message", "lease", "identity"];
  assert.deepEqual(namesIn("log-fields").sort(), [...always, ...fieldNames].sort());
});

void test("every listed field is in some line", () => {
  const seen = new Set<string>([...elsewhere, ...lines.flatMap(({ fields }) => Object.keys(fields))]);
  assert.deepEqual([...seen].sort(), [...fieldNames].sort());
});

void test("docs/operations.md lists every kind of line with its levels, and no other", () => {
  const levels = new Map<string, Set<string>>(Object.entries(others).map(([kind, each]) => [kind, new Set(each)]));
  for (const { kind, level } of lines) levels.set(kind, (levels.get(kind) ?? new Set()).add(level));
  const listed = table("log-kinds").map(([kind, level = ""]) => `${quoted(kind).join()}: ${rangeOf(level).join()}`);
  assert.deepEqual(listed.sort(), [...levels].map(([kind, each]) => `${kind}: ${[...each].sort().join()}`).sort());
});

function rangeOf(level: string): string[] {
  return (level === "info to error" ? "info, warn, error" : level).split(", ").sort();
}

void test("docs/operations.md lists every outcome and every cause", () => {
  const row = (field: string): string[] =>
    table("log-fields").flatMap(([name, value]) => (name === `\`${field}\`` ? quoted(value) : []));
  const outcomes: Readonly<Record<Outcome["kind"] | "local-trouble", true>> = {
    ...{ "command-ended": true, stopped: true, lost: true, overrun: true, "stopped-standby": true },
    ...{
      "stopped-idle": true,
      "stepped-down": true,
      "not-acquired": true,
      recorded: true,
      unrecorded: true,
      "done-before": true,
    },
    ...{ "once-refused": true, "unreadable-tick": true, "command-not-started": true, "start-trouble": true },
    "local-trouble": true,
  };
  assert.deepEqual(row("outcome").sort(), Object.keys(outcomes).sort());
  type Cause = "acquired" | "lost" | "killing";
  type CauseOf<K extends Cause> = K extends "acquired"
    ? (Report & { kind: "acquired" })["from"]
    : K extends "lost"
      ? (Report & { kind: "lost" })["cause"]["kind"]
      : (Report & { kind: "killing" })["why"];
  const causes: { readonly [K in Cause]: Readonly<Record<CauseOf<K>, true>> } = {
    acquired: {
      created: true,
      released: true,
      expired: true,
      deleted: true,
      own: true,
      elected: true,
      unelected: true,
    },
    lost: { "renew-deadline": true, late: true, "other-holder": true, clock: true, guard: true },
    killing: { "grace-over": true, deadline: true, "other-holder": true, "second-signal": true, "no-guard": true },
  };
  const all = [...Object.keys(causes), "lost-idle", ...Object.values(causes).flatMap((each) => Object.keys(each))];
  assert.deepEqual(row("cause").sort(), all.sort());
});

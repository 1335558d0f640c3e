import assert from "node:assert/strict";
import { test } from "node:test";
import { clockOffset } from "../../src/ask/clock-offset.ts";
import { exitCodeOf, note, ok, problem, problemOf } from "../../src/ask/finding.ts";
import { jsonOf, summaryOf, textOf } from "../../src/ask/finding-text.ts";
import { judgeClock } from "../../src/ask/judge-clock.ts";
import { judgeNamespace, judgeVersion } from "../../src/ask/judge-cluster.ts";
import { judgeLease } from "../../src/ask/judge-lease.ts";
import { judgeNodeOptions, judgeRuntime, judgeTree } from "../../src/ask/judge-machine.ts";
import { judgeRight, remedyFor } from "../../src/ask/judge-rights.ts";
import { judgeTermination, judgeTiming } from "../../src/ask/judge-timing.ts";
import { judgeLatency, quantile } from "../../src/ask/latency.ts";
import { rightsFor } from "../../src/ask/rights.ts";
import type { LeaseRecord, ReadResult } from "../../src/core/lease.ts";
import { deriveTiming } from "../../src/timing.ts";

const none = { leaseDuration: undefined, renewDeadline: undefined, retryPeriod: undefined, killAfter: undefined };
const timing = { ...deriveTiming(none), terminationGracePeriod: 25_000, startupTimeout: 120_000 };

void test("all is well when nothing is a problem, whatever is noted", () => {
  assert.equal(exitCodeOf([ok("a", "x"), note("b", "y")]), 0);
  assert.equal(exitCodeOf([ok("a", "x"), problem("b", "y", "z")]), 1);
  assert.equal(summaryOf([ok("a", "x"), note("b", "y")]), "all is well, with 1 note\n");
  assert.equal(summaryOf([problem("a", "x", "y"), problem("b", "x", "y")]), "2 problems, no notes\n");
});

void test("a sentence of another part is cut before what is to be done", () => {
  const { message, advice } = problemOf("server", "it is down; nobody knows why; start it.");
  assert.deepEqual([message, advice], ["it is down; nobody knows why", "start it"]);
  assert.equal(problemOf("server", "it is down").advice, undefined);
});

void test("a line is one line in a pipe, and is wrapped below its beginning on a terminal", () => {
  const finding = problem("lease", "one two three four five six seven eight nine ten", "do it");
  const page = { width: null, coloured: false, checkWidth: 8 };
  assert.equal(textOf(finding, page), "problem  lease     one two three four five six seven eight nine ten; do it\n");
  const lines = textOf(finding, { ...page, width: 50 }).split("\n");
  assert.deepEqual(lines, [
    "problem  lease     one two three four five six",
    "                   seven eight nine ten; do it",
    "",
  ]);
  assert.match(textOf(finding, { ...page, coloured: true }), /^\x1b\[31mproblem {2}\x1b\[0mlease/);
  assert.deepEqual(JSON.parse(jsonOf([finding])), {
    well: false,
    problems: 1,
    notes: 0,
    findings: [{ check: "lease", verdict: "problem", message: finding.message, advice: "do it", facts: {} }],
  });
});

void test("what several lines advise is said once in the text, and with each finding in the JSON", () => {
  const page = { width: null, coloured: false, checkWidth: 5 };
  const findings = [
    problem("right", "no get", "apply it"),
    ok("right", "fine"),
    problem("right", "no watch", "apply it"),
  ];
  const text = findings.map((each, index) => textOf(each, page, findings.slice(0, index))).join("");
  assert.equal(
    text,
    "problem  right  no get; apply it\nok       right  fine\nproblem  right  no watch; what to do stands above\n",
  );
  const told = JSON.parse(jsonOf(findings)) as { findings: { advice?: string }[] };
  assert.deepEqual(
    told.findings.map(({ advice }) => advice),
    ["apply it", undefined, "apply it"],
  );
});

void test("a name that others chose writes no line of its own", () => {
  const page = { width: null, coloured: false, checkWidth: 5 };
  const evil = ok("lease", "held by a\nok       right  all\x1b[2J");
  assert.equal(textOf(evil, page), "ok       lease  held by a ok       right  all [2J\n");
});

void test("answers narrow down how far the server's clock is away, although Date has whole seconds", () => {
  const server = 700; // ahead of ours
  const samples = [0, 250, 600, 950].map((at) => {
    const seconds = Math.floor((1_000_000 + at + 10 + server) / 1_000) * 1_000;
    return { sentAt: 1_000_000 + at, receivedAt: 1_000_000 + at + 20, serverTime: seconds };
  });
  const offset = clockOffset(samples);
  assert.ok(offset !== null && offset.least <= server && offset.most >= server, JSON.stringify(offset));
  assert.ok(offset.most - offset.least < 700, "narrower than one answer could tell");
  assert.equal(clockOffset([]), null);
});

void test("a clock that is far away is a note, a problem above a minute, and from 2 s on with a schedule", () => {
  const away = (offset: number) => [{ sentAt: 0, receivedAt: 10, serverTime: offset }];
  const verdict = (offset: number, scheduled = false) =>
    judgeClock(away(offset), scheduled ? "it ticks" : null).verdict;
  assert.deepEqual(
    [0, -900, 1_500, -5_000, 30_000, 120_000, -3_600_000].map((offset) => verdict(offset)),
    ["ok", "ok", "ok", "note", "note", "problem", "problem"],
  );
  assert.deepEqual([verdict(1_000, true), verdict(-5_000, true)], ["ok", "problem"]);
  assert.match(judgeClock(away(120_000), null).message, /between 2m ahead and 2m1s ahead of ours/);
});

void test("p50 and p99 are nearest ranks, and what renewals would not survive is a problem", () => {
  const sorted = Array.from({ length: 20 }, (_, index) => index + 1);
  assert.deepEqual([quantile(sorted, 0.5), quantile(sorted, 0.99), quantile([], 0.5)], [10, 20, 0]);
  const verdict = (slowest: number) => judgeLatency([1, 2, slowest], 3, "default/x", timing).verdict;
  assert.deepEqual([verdict(10), verdict(2_500), verdict(4_000)], ["ok", "note", "problem"]);
  assert.equal(judgeLatency([1], 20, "default/x", timing).verdict, "note");
});

void test("times that break a rule are told with values that work", () => {
  assert.equal(judgeTiming(timing).verdict, "ok");
  const short = judgeTiming({ ...timing, renewDeadline: 12_000 });
  assert.equal(short.verdict, "problem");
  assert.match(short.advice ?? "", /working values are: --lease-duration 15s/);
});

void test("a pod must have more time than leader-exec leaves its command", () => {
  assert.equal(judgeTermination(timing, 30_000).verdict, "ok");
  const short = judgeTermination(timing, 25_000);
  assert.deepEqual([short.verdict, short.advice?.startsWith("give the pod 27 or more")], ["problem", true]);
  assert.equal(judgeTermination(timing, "it may not be read").verdict, "note");
});

const record: LeaseRecord = {
  holder: "",
  durationSeconds: 15,
  acquireTime: 1_000,
  renewTime: 20_000,
  transitions: 3,
  markedBy: null,
  holdUntil: null,
  done: null,
  lastTick: null,
  coordination: null,
  stepDown: null,
};
const found = (more: Partial<LeaseRecord>): ReadResult => ({
  kind: "found",
  lease: { record: { ...record, ...more }, version: "77", uid: "u", fingerprint: "", object: {} },
});

void test("the Lease is told with its holder, whether that is a leader-exec, and the fencing token", () => {
  const view = { lease: "default/x", timing, now: 21_000 };
  const judged = (read: ReadResult) => judgeLease(read, view);
  assert.match(judged({ kind: "missing" }).message, /there is no Lease default\/x yet/);
  assert.match(judged(found({})).message, /^nobody holds default\/x; the next fencing token is above 77$/);
  assert.match(judged(found({ holdUntil: 60_000 })).message, /held back until 1970-01-01T00:01:00Z/);
  const held = judged(found({ holder: "a_1", markedBy: "a_1" }));
  assert.equal(held.verdict, "ok");
  assert.match(held.message, /held by a_1 \(a leader-exec\) since 1970-01-01T00:00:01Z, renewed 1s ago; .* above 77/);
  assert.match(judged(found({ holder: "b", markedBy: "a_1" })).message, /\(not a leader-exec\)/);
  assert.match(judged(found({ holder: "b", renewTime: 0 })).message, /has expired/);
  assert.match(judged(found({ holder: "b", renewTime: null })).message, /never renewed, and has expired/);
  const other = judged(found({ holder: "b", durationSeconds: 30 }));
  assert.deepEqual([other.verdict, /is 30s, and that of these flags 15s/.test(other.message)], ["note", true]);
});

void test("a right that is missing is told with what it costs, and with the command that gives it", () => {
  const [get] = rightsFor({ leaseName: "x", purpose: "run" });
  assert.ok(get !== undefined);
  const user = "system:serviceaccount:jobs:worker";
  const remedy = remedyFor(user, "jobs", ["--lease-name", "x"]);
  assert.equal(remedy, "leader-exec rbac -n jobs --lease-name x --service-account jobs:worker | kubectl apply -f -");
  const view = { namespace: "jobs", user, remedy };
  const denied = judgeRight(get, { kind: "found", value: false }, view);
  assert.equal(denied.verdict, "problem");
  assert.match(denied.message, /worker may not get leases\/x in jobs, so no candidate can read the Lease/);
  assert.ok(denied.advice?.endsWith(remedy));
  assert.equal(judgeRight(get, { kind: "found", value: true }, view).verdict, "ok");
  assert.equal(judgeRight(get, { kind: "denied" }, view).verdict, "note");
  assert.equal(judgeRight(get, { kind: "failed", reason: "timeout", message: "x; y" }, view).verdict, "problem");
  assert.match(remedyFor("it's me", "jobs", []), /--user 'it'\\''s me' \|/);
  assert.match(remedyFor(null, "jobs", []), /--service-account NAME \|/);
});

void test("a namespace that is missing or being deleted is a problem, and one that cannot be seen is believed where it has rights", () => {
  const verdicts = [
    judgeNamespace("x", { kind: "found", value: "Active" }, false),
    judgeNamespace("x", { kind: "found", value: "Terminating" }, false),
    judgeNamespace("x", { kind: "missing" }, true),
    judgeNamespace("x", { kind: "denied" }, false),
    judgeNamespace("x", { kind: "denied" }, true),
  ].map(({ verdict }) => verdict);
  assert.deepEqual(verdicts, ["ok", "problem", "problem", "ok", "note"]);
});

void test("Kubernetes before 1.26 and Node before 20.19 are problems", () => {
  const version = (value: string) => judgeVersion({ kind: "found", value }).verdict;
  assert.deepEqual(["v1.25.9", "v1.26.0", "v1.37.2-gke.1", "v2.0.0"].map(version), ["problem", "ok", "ok", "ok"]);
  const runtime = (node: string, platform = "linux") => judgeRuntime({ node, platform, version: "1" }).verdict;
  assert.deepEqual(
    ["v18.20.1", "v20.18.0", "v20.19.0", "v26.0.0"].map((node) => runtime(node)),
    ["problem", "problem", "ok", "ok"],
  );
  assert.deepEqual([runtime("v24.0.0", "darwin"), runtime("v24.0.0", "win32")], ["note", "problem"]);
});

void test("only a cgroup that was demanded is missed", () => {
  const reason = { reason: "it is mounted read-only" };
  const made = { home: "/sys/fs/cgroup" };
  const verdict = (...args: Parameters<typeof judgeTree>) => judgeTree(...args).verdict;
  assert.deepEqual(
    [verdict("auto", reason), verdict("cgroup", reason), verdict("proc", reason)],
    ["ok", "problem", "ok"],
  );
  assert.deepEqual([verdict("auto", made), verdict("cgroup", made), verdict("proc", made)], ["ok", "ok", "note"]);
  assert.equal(verdict("auto", null), "note");
  assert.equal(judgeNodeOptions("--max-old-space-size=100", undefined).verdict, "ok");
});

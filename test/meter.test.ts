import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { initial, initialDirect, step } from "../src/core/lifecycle.ts";
import type { State } from "../src/core/state.ts";
import type { Event, Millis, Report } from "../src/core/types.ts";
import { Meter } from "../src/meter.ts";
import type { LeaseStore } from "../src/world.ts";
import * as core from "./support/core.ts";
import { parseScrape, type Scrape } from "./support/scrape.ts";

/** A loop that is told what happens, with a meter that looks on. */
function counted(lease: string | null = "job", begin: State = initial(core.turn(0))) {
  let [state, now]: [State, Millis] = [begin, 0];
  const clock = { now: () => now, wall: () => 0 };
  const meter = new Meter(clock, lease);
  const happens = (at: Millis, event: Event): void => {
    now = at;
    const before = state;
    const [after, effects] = step(before, event, core.turn(at));
    state = after;
    meter.stepped({ before, event, effects, after, at });
  };
  const scrape = async (): Promise<Scrape> => parseScrape((await meter.answer()).body);
  return { meter, happens, scrape, at: (time: Millis) => void (now = time) };
}

const tick: Event = { kind: "tick" };
const found = (id: number, lease = core.free): Event => ({ kind: "read", id, result: { kind: "found", lease } });
const stored = (id: number, version: string): Event => ({
  kind: "written",
  id,
  result: { kind: "stored", lease: core.mine({ renewTime: core.epoch + Number(version) * 1_000 }, version) },
});
const failed = (id: number): Event => ({
  kind: "written",
  id,
  result: { kind: "failed", reason: "timeout", message: "no answer" },
});

/** Acquired by a write sent at 5, answered at 8; the command runs from 12 on. */
function leading() {
  const loop = counted();
  loop.happens(0, tick);
  loop.happens(5, found(1));
  loop.happens(8, stored(2, "11"));
  loop.happens(12, { kind: "command-started", pid: 77 });
  return loop;
}

test("before anything happened what counts from nought is there, and what was never seen is not", async () => {
  const { samples } = await counted().scrape();
  assert.equal(samples.get('leader_election_master_status{name="job"}'), 0);
  assert.equal(samples.get('leader_election_slowpath_total{name="job"}'), 0);
  assert.equal(samples.get('leader_exec_acquisitions_total{name="job"}'), 0);
  assert.equal(samples.get("leader_exec_command_running"), 0);
  assert.ok(!samples.has('leader_exec_smallest_safety_margin_seconds{name="job"}'), "0 would be an alarm");
  assert.ok(!samples.has('leader_exec_lease_transitions{name="job"}'));
});

test("a standby counts nothing but what the Lease says of its changes of hands", async () => {
  const loop = counted();
  loop.happens(0, tick);
  loop.happens(5, found(1, core.lease()));
  const { samples } = await loop.scrape();
  assert.equal(samples.get('leader_election_master_status{name="job"}'), 0);
  assert.equal(samples.get('leader_exec_lease_transitions{name="job"}'), 3);
  assert.equal(samples.get('leader_exec_leading_seconds_total{name="job"}'), 0);
});

test("leading counts from the confirmed acquisition until the tree is gone", async () => {
  const loop = leading();
  loop.at(1_258);
  const during = (await loop.scrape()).samples;
  assert.equal(during.get('leader_election_master_status{name="job"}'), 1);
  assert.equal(during.get('leader_exec_acquisitions_total{name="job"}'), 1);
  assert.equal(during.get("leader_exec_command_running"), 1);
  assert.equal(during.get('leader_exec_leading_seconds_total{name="job"}'), 1.25);
  loop.happens(1_508, { kind: "command-ended", end: { kind: "signaled", signal: "SIGKILL", number: 9 } });
  loop.happens(2_008, { kind: "tree-gone" });
  loop.at(9_000);
  const after = (await loop.scrape()).samples;
  assert.equal(after.get('leader_election_master_status{name="job"}'), 0);
  assert.equal(after.get("leader_exec_command_running"), 0);
  assert.equal(after.get('leader_exec_leading_seconds_total{name="job"}'), 2);
  assert.equal(after.get('leader_exec_command_runs_total{exit_code="137"}'), 1);
});

test("renewals count by result, and the smallest margin before the kill deadline is kept", async () => {
  const loop = leading(); // kill is at 13 355
  loop.happens(2_005, tick);
  loop.happens(3_355, stored(3, "12")); // 10 s were left; kill moves to 15 355
  loop.happens(4_005, tick);
  loop.happens(4_100, stored(4, "14")); // 11.255 s were left; kill moves to 17 355
  loop.happens(6_005, tick);
  loop.happens(6_100, failed(5));
  const { samples } = await loop.scrape();
  assert.equal(samples.get('leader_exec_renewals_total{name="job",result="confirmed"}'), 2);
  assert.equal(samples.get('leader_exec_renewals_total{name="job",result="timeout"}'), 1);
  assert.equal(samples.get('leader_exec_smallest_safety_margin_seconds{name="job"}'), 10);
  assert.equal(samples.get('leader_election_slowpath_total{name="job"}'), 0);
});

test("a renewal that has to read first counts as the slow path, and an answer of an earlier term as nothing", async () => {
  const loop = leading();
  loop.happens(2_005, tick);
  loop.happens(2_100, { kind: "written", id: 3, result: { kind: "conflict" } });
  loop.happens(2_200, { kind: "written", id: 3, result: { kind: "conflict" } });
  const { samples } = await loop.scrape();
  assert.equal(samples.get('leader_exec_renewals_total{name="job",result="conflict"}'), 1);
  assert.equal(samples.get('leader_election_slowpath_total{name="job"}'), 1);
});

test("ticks of a schedule count by what became of them", async () => {
  const loop = counted();
  const passed = { count: 3, isMore: false, last: 0 };
  const end = { kind: "exited", code: 0 } as const;
  const reports: Report[] = [
    { kind: "tick-started", tick: 0, pid: 7 },
    { kind: "tick-ended", tick: 0, end, limit: null, runs: 1, failures: 0 },
    { kind: "tick-not-started", tick: 1, message: "no", runs: 2, failures: 1 },
    { kind: "ticks-skipped", passed, why: "running" },
    { kind: "ticks-missed", passed: { ...passed, count: 2 }, catchUp: "none", runs: null },
  ];
  const effects = reports.map((report) => ({ kind: "report", report }) as const);
  const state = core.running();
  loop.meter.stepped({ before: state, event: tick, effects, after: state, at: 0 });
  const { samples } = await loop.scrape();
  const ticks = (result: string) => samples.get(`leader_exec_ticks_total{name="job",result="${result}"}`);
  assert.deepEqual(["run", "not-started", "skipped", "missed"].map(ticks), [1, 1, 3, 2]);
});

test("without election the command is counted, and nothing about a Lease is there", async () => {
  const loop = counted(null, initialDirect);
  loop.happens(0, tick);
  loop.happens(1, { kind: "command-started", pid: 7 });
  const { samples } = await loop.scrape();
  assert.equal(samples.get("leader_exec_command_running"), 1);
  assert.deepEqual(
    [...samples.keys()].filter((name) => /lease|election|renew|name="/.test(name)),
    [],
  );
  loop.happens(300, { kind: "command-ended", end: { kind: "exited", code: 3 } });
  assert.equal((await loop.scrape()).samples.get('leader_exec_command_runs_total{exit_code="3"}'), 1);
});

test("requests are measured by verb and result, and reach the store as they are", async () => {
  const loop = counted();
  const record = core.mine().record;
  const store: LeaseStore = {
    description: "a test",
    read: (deadline) => (loop.at(deadline), Promise.resolve({ kind: "missing" })),
    write: (_, deadline) => (loop.at(deadline), Promise.resolve({ kind: "stored", lease: core.mine() })),
    watch: () => ({ close: () => undefined }),
    close: () => undefined,
  };
  const measured = loop.meter.around(store);
  assert.deepEqual(await measured.read(30), { kind: "missing" });
  await measured.write({ base: null, record }, 60);
  await measured.write({ base: core.mine(), record }, 1_060);
  const { samples } = await loop.scrape();
  const of = (part: string, labels: string) => samples.get(`leader_exec_request_duration_seconds_${part}{${labels}}`);
  assert.equal(of("sum", 'verb="get",result="missing"'), 0.03);
  assert.equal(of("bucket", 'le="0.025",verb="get",result="missing"'), 0);
  assert.equal(of("bucket", 'le="0.05",verb="get",result="missing"'), 1);
  assert.equal(of("count", 'verb="create",result="ok"'), 1);
  assert.equal(of("sum", 'verb="update",result="ok"'), 1);
});

test("however many ask at once, the text is made once", async () => {
  const loop = leading();
  const first = (await loop.meter.answer()).body;
  loop.at(200);
  assert.equal((await loop.meter.answer()).body, first);
  loop.at(300);
  assert.notEqual((await loop.meter.answer()).body, first);
});

test("an error in counting is told to who asks, and to nobody else", async () => {
  const { meter } = counted();
  meter.stepped(null as never);
  await assert.rejects(meter.answer(), TypeError);
});

test("docs/operations.md has every metric, with its type, and no other", async () => {
  const page = readFileSync(join(import.meta.dirname, "..", "docs", "operations.md"), "utf8");
  const rows = [...page.matchAll(/^\| `((?:leader)_\w+)(?:\{[^}]*\})?` +\| (\w+) /gm)];
  const documented = rows.map(([, name = "", type = ""]) => [name, type]).sort();
  const { types } = await counted().scrape();
  assert.deepEqual(documented, [...types].sort());
});

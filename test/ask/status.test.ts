import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { factsOf } from "../../src/ask/facts.ts";
import { span } from "../../src/ask/span.ts";
import { changeOf } from "../../src/ask/status-change.ts";
import { jsonOf } from "../../src/ask/status-json.ts";
import { codeOf } from "../../src/ask/status-rows.ts";
import { tableOf } from "../../src/ask/status-table.ts";
import type { LeaseRecord } from "../../src/core/lease.ts";
import { epoch, lease } from "../support/core.ts";

const at = { namespace: "jobs", name: "worker" };
const seen = (record: Partial<LeaseRecord> = {}, now = epoch + 4_000, object: object = {}) =>
  factsOf(at, { ...lease(record), object }, now);
/** As the API server notes a write. */
const noted = (time: string) => ({
  metadata: { managedFields: [{ time, fieldsV1: { "f:spec": { "f:renewTime": {} } } }] },
});

void test("a Lease is held until its duration is over by the server's clock, and then expired", () => {
  assert.deepEqual([seen().state, codeOf(seen())], ["held", 0]);
  assert.equal(seen({}, epoch + 15_000).state, "held");
  const late = seen({}, epoch + 15_001);
  assert.deepEqual([late.state, codeOf(late)], ["expired", 2]);
  const free = seen({ holder: "", markedBy: null });
  assert.deepEqual([free.state, codeOf(free), free.expires], ["free", 1, null]);
  assert.deepEqual([factsOf(at, null, epoch).state, codeOf(factsOf(at, null, epoch))], ["missing", 1]);
});

void test("who marked the term is told, and a request for somebody else is none", () => {
  assert.deepEqual([seen().kind, seen({ markedBy: "before" }).kind], ["leader-exec", "other"]);
  assert.equal(seen({ stepDown: { holder: "other", id: "1f" } }).stepDown, "1f");
  assert.equal(seen({ stepDown: { holder: "gone", id: "1f" } }).stepDown, null);
});

void test("a holder whose clock is off is judged by the API server's note of its last write", () => {
  const ahead = seen({ renewTime: epoch + 300_000 }, epoch + 20_000, noted("2026-01-01T00:00:00Z"));
  assert.deepEqual([ahead.state, ahead.clockOff, ahead.renewed], ["expired", 300_000, epoch]);
  const behind = seen({ renewTime: epoch - 300_000 }, epoch + 4_000, noted("2026-01-01T00:00:00Z"));
  assert.deepEqual([behind.state, behind.clockOff], ["held", -300_000]);
  assert.match(tableOf([behind], epoch + 4_000, false), /the holder's clock is 5m behind the API server's/);
  assert.equal(seen({}, epoch + 4_000, noted("2026-01-01T00:00:02Z")).clockOff, null);
});

void test("nonsense in a Lease is shown as such, and never as a command to the terminal", () => {
  const table = tableOf([seen({ holder: "a\x1b[2Jb\n", markedBy: null, durationSeconds: null })], epoch, true);
  assert.doesNotMatch(table, /\x1b/);
  assert.match(table, /does not say when it was renewed, or for how long/);
  const unreadable = { ...at, state: "unreadable", message: "it holds no Lease" } as const;
  assert.match(tableOf([unreadable], epoch, false), /^NAME .*\nworker +unreadable\nworker: it holds no Lease\n$/);
  assert.equal(codeOf(unreadable), 125);
  assert.match(tableOf([seen({ done: { kind: "unreadable", text: "?" } })], epoch, true), / unreadable /);
});

void test("the JSON has every field that docs/steering.md lists", () => {
  const object = JSON.parse(jsonOf(seen(), epoch + 4_000)) as Record<string, unknown>;
  assert.equal(object["renewedAgoSeconds"], 4);
  assert.equal(object["expiresInSeconds"], 11);
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "steering.md"), "utf8");
  const table = /### JSON([^]*?)`--all` prints/.exec(page)?.[1] ?? "";
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const names = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
  assert.deepEqual(names.sort(), Object.keys(object).sort());
  const list = JSON.parse(jsonOf([seen()], epoch)) as { leases: unknown[] };
  assert.equal(list.leases.length, 1);
});

void test("a renewal is no change; a new holder, a release, an expiry and a request are", () => {
  const held = seen();
  assert.equal(changeOf(held, seen({ renewTime: epoch + 2_000 }), null), null);
  assert.equal(changeOf(null, held, null), "other leads, since 2026-01-01T00:00:00Z");
  const free = seen({ holder: "", markedBy: null });
  assert.equal(changeOf(held, free, null), "other released it; nobody leads");
  assert.equal(changeOf(free, seen({ holder: "b", transitions: 4 }), 14), "b leads, after 14ms without a leader");
  assert.equal(changeOf(held, seen({}, epoch + 99_000), null), "other does not renew it any more; it has expired");
  assert.match(
    changeOf(held, seen({ stepDown: { holder: "other", id: "1f" } }), null) ?? "",
    /asked to step down \(request 1f\)/,
  );
  assert.equal(changeOf(held, factsOf(at, null, epoch), null), "the Lease was deleted");
});

void test("spans are as short as people read them", () => {
  assert.deepEqual(
    [0, 59_999, 60_000, 3_725_000, 90_000_000].map((each) => span(each)),
    ["0s", "59s", "1m", "1h2m", "1d1h"],
  );
  assert.deepEqual(
    [12, 4_321, 12_345].map((each) => span(each, true)),
    ["12ms", "4.3s", "12s"],
  );
});

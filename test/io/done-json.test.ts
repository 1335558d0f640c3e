import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDone, parseDone } from "../../src/io/done-json.ts";
import type { Done } from "../../src/core/lease.ts";

const at = Date.UTC(2026, 0, 2, 3, 4, 5);
const written =
  '{"v":1,"keys":{"a":{"at":"2026-01-02T03:04:05.000Z"},"b":{"at":"2026-01-02T03:04:05.000Z","until":"2026-01-02T03:04:06.000Z"}}}';
const record: Done = {
  kind: "keys",
  keys: new Map([
    ["a", { at, until: Infinity }],
    ["b", { at, until: at + 1_000 }],
  ]),
  text: null,
};

void test("a record is versioned JSON with RFC 3339 times, and reads as what it was", () => {
  assert.equal(formatDone(record), written);
  assert.deepEqual(parseDone(written), { ...record, text: written });
  assert.equal(parseDone(undefined), null);
  const byHand = ' { "v": 1, "note": "x", "keys": {"a": {"at": "2026-01-02T05:04:05+02:00"}} }';
  const read = parseDone(byHand);
  assert.ok(read?.kind === "keys" && read.keys.get("a")?.at === at);
  assert.equal(formatDone(read), byHand, "what nothing was added to stays as it was");
});

void test("a time is rounded up, and one that no calendar has is its last", () => {
  const odd: Done = { kind: "keys", keys: new Map([["a", { at: at + 0.2, until: 1e17 }]]), text: null };
  assert.equal(
    formatDone(odd),
    '{"v":1,"keys":{"a":{"at":"2026-01-02T03:04:05.001Z","until":"9999-12-31T00:00:00.000Z"}}}',
  );
});

const unreadable: readonly (readonly [string, unknown])[] = [
  ["empty", ""],
  ["no JSON", "{"],
  ["no object", '["a"]'],
  ["null", "null"],
  ["no version", '{"keys":{}}'],
  ["a version that is no number", '{"v":"2","keys":{}}'],
  ["an older version than the first", '{"v":0,"keys":{}}'],
  ["no keys", '{"v":1}'],
  ["a list of keys", '{"v":1,"keys":[]}'],
  ["an entry that is none", '{"v":1,"keys":{"a":true}}'],
  ["an entry without a time", '{"v":1,"keys":{"a":{}}}'],
  ["an entry whose end is no time", '{"v":1,"keys":{"a":{"at":"2026-01-02T03:04:05Z","until":"soon"}}}'],
  ["a number", 7],
];
for (const [what, value] of unreadable)
  void test(`not to be read, and kept as it is: ${what}`, () => {
    const done = parseDone(value);
    assert.deepEqual(done, { kind: "unreadable", text: String(value) });
    assert.equal(formatDone(done), String(value));
  });

void test("a newer version is told from what cannot be read", () => {
  assert.deepEqual(parseDone('{"v":2}'), { kind: "newer", text: '{"v":2}' });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "../src/duration.ts";

void test("durations are read as Go writes them; a bare number means seconds", () => {
  const rows: readonly (readonly [string, number])[] = [
    ["15s", 15_000],
    ["1m30s", 90_000],
    ["500ms", 500],
    ["2h", 7_200_000],
    ["1.5s", 1_500],
    ["1h0m0.25s", 3_600_250],
    ["0", 0],
    ["0s", 0],
    ["15", 15_000],
    ["0.5", 500],
  ];
  for (const [text, span] of rows) assert.equal(parseDuration(text), span, text);
});

void test("what is no duration is not guessed at", () => {
  const none = [
    "",
    " 15s",
    "15 s",
    "abc",
    "-3s",
    "+3s",
    "1e3",
    "15S",
    "s",
    "1.s",
    ".5s",
    "1s2",
    "0.1ms",
    "Infinity",
    "9".repeat(30),
  ];
  for (const text of none) assert.equal(parseDuration(text), null, text);
});

void test("a duration that is printed reads as the same span", () => {
  fc.assert(fc.property(fc.nat(10_000_000), (span) => parseDuration(formatDuration(span)) === span));
  assert.equal(formatDuration(90_000), "1m30s");
  assert.equal(formatDuration(1_960), "1.96s");
  assert.equal(formatDuration(500), "500ms");
  assert.equal(formatDuration(0), "0s");
});

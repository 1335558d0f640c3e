import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMessage, lineReader, parseMessage, type GuardMessage } from "../../src/io/guard-protocol.ts";

void test("what is told to the guard is what it understands", () => {
  const messages: readonly GuardMessage[] = [
    { kind: "run", runId: "abc", since: 12, cgroup: null },
    { kind: "run", runId: "abc", since: 12, cgroup: "/sys/fs/cgroup/a b\nü" },
    { kind: "order", text: "eyJhIjoxfQ" },
    { kind: "term", uid: "a b", since: 17.25, leader: { pid: 41, startTime: 98 } },
    { kind: "tree", root: { pid: 42, startTime: 99 } },
    { kind: "deadline", number: 3, at: 12_345.678 },
    { kind: "deadline", number: 4, at: Infinity },
    { kind: "done" },
  ];
  for (const message of messages) assert.deepEqual(parseMessage(formatMessage(message).trimEnd()), message);
});

void test("a line that is no message says nothing, least of all a deadline of zero", () => {
  for (const line of [
    "",
    "deadline",
    "deadline 1",
    "deadline 1 soon",
    "tree",
    "tree 1",
    "tree x 1",
    "run",
    "run a",
    "Done",
    "order",
    "term 1 2 3",
    "term 1 x 3 dWlk",
  ])
    assert.equal(parseMessage(line), null, line);
});

void test("lines are told whole, however they arrive", () => {
  const lines: string[] = [];
  const read = lineReader((line) => lines.push(line));
  for (const part of ["ok", " 1\nok 2\n", "", "\nok ", "3", "\nrest"]) read(part);
  assert.deepEqual(lines, ["ok 1", "ok 2", "", "ok 3"]);
});

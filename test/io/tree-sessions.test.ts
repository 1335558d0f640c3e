import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessStat } from "../../src/io/proc.ts";
import { TreeSessions } from "../../src/io/tree-sessions.ts";

const stat = (pid: number, session: number, startTime: number, more: Partial<ProcessStat> = {}): ProcessStat => ({
  pid,
  parent: 1,
  group: session,
  session,
  startTime,
  ended: false,
  kernel: false,
  ...more,
});

function look(sessions: TreeSessions, ...processes: ProcessStat[]): void {
  sessions.begin(processes, []);
}

void test("who is in a session that a member began belongs to the tree", () => {
  const sessions = new TreeSessions();
  sessions.add(100, 1);
  look(sessions, stat(100, 100, 1), stat(101, 100, 2));
  assert.ok(sessions.has(stat(101, 100, 2)));
  assert.ok(!sessions.has(stat(102, 102, 2)));
});

void test("a session's number that was given out again belongs to strangers", () => {
  const sessions = new TreeSessions();
  sessions.add(100, 1);
  look(sessions, stat(100, 100, 7), stat(101, 100, 8));
  assert.ok(!sessions.has(stat(101, 100, 8)));
});

void test("a session that has lost its leader is ours until its number is given out again", () => {
  const sessions = new TreeSessions();
  const member = stat(101, 100, 2);
  look(sessions, member);
  sessions.addOrphaned(member, new Map([[101, member]]));
  look(sessions, member, stat(100, 100, 1, { ended: true }));
  assert.ok(sessions.has(stat(103, 100, 3)), "its leader is still to be reaped");
  look(sessions, stat(100, 100, 7), stat(104, 100, 8));
  assert.ok(!sessions.has(stat(104, 100, 8)));
});

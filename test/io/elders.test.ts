import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Elders } from "../../src/io/elders.ts";
import { readStat } from "../../src/io/proc.ts";
import { takeSnapshot } from "../../src/io/proc-snapshot.ts";
import { TreeSessions } from "../../src/io/tree-sessions.ts";

const skip = existsSync("/proc/self/stat") ? false : "no /proc";

void test("a process that is older than the command is read once, any other at each look", { skip }, () => {
  const elders = new Elders(({ pid }) => pid === process.pid);
  assert.equal(elders.read(process.pid), elders.read(process.pid));
  assert.deepEqual(elders.read(process.pid), readStat(process.pid));
  assert.notEqual(elders.read(process.ppid), elders.read(process.ppid));
  assert.deepEqual(elders.read(process.ppid)?.startTime, readStat(process.ppid)?.startTime);
});

void test("an older process that has ended is not there any more", { skip }, async () => {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  const elders = new Elders(() => true);
  assert.equal(elders.read(child.pid ?? 0)?.pid, child.pid);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(elders.read(child.pid ?? 0), null);
});

void test("where the newest pid is not told, each process is read at each look", { skip }, () => {
  const asked: number[] = [];
  const read = (pid: number): null => {
    asked.push(pid);
    return null;
  };
  assert.ok(takeSnapshot(() => 0, read).stats.length > 0);
  assert.equal(asked.length, 0);
  takeSnapshot(() => 4_000_000, read);
  assert.ok(asked.includes(process.pid));
});

void test("a daemon of the tree is found under the pid of an older process that has ended", (t) => {
  const namespace = ["--pid", "--fork", "--mount-proc", "--kill-child"];
  const fixture = join(import.meta.dirname, "..", "fixtures", "pid-of-an-elder.ts");
  if (spawnSync("unshare", [...namespace, "sh", "-c", "echo 100 >/proc/sys/kernel/ns_last_pid"]).status !== 0) {
    t.skip("needs the right to make a pid namespace");
    return;
  }
  const node = [process.execPath, "--import", "tsx", fixture];
  const { stdout, stderr } = spawnSync("unshare", [...namespace, ...node], { encoding: "utf8", timeout: 60_000 });
  assert.notEqual(stdout, "", stderr);
  const told = JSON.parse(stdout) as Record<"elder" | "command" | "daemon", number> &
    Record<"before" | "after", number[]>;
  assert.equal(told.daemon, told.elder, "the pid was given out again");
  assert.ok(!told.before.includes(told.elder), "it is no member while the older process has it");
  assert.ok(told.after.includes(told.daemon));
});

void test("whether somebody older is in a session is looked up when it matters", { skip }, () => {
  const us = readStat(process.pid);
  assert.ok(us);
  const lost = 4_000_001; // a session of nobody
  const isOurs = (session: number, older: typeof us): boolean => {
    const sessions = new TreeSessions();
    const member = { ...us, pid: 4_000_002, session };
    sessions.begin([member], [older]);
    sessions.addOrphaned(member, new Map([[member.pid, member]]));
    return sessions.has(member);
  };
  assert.ok(!isOurs(us.session, us), "we are in it");
  assert.ok(isOurs(lost, { ...us, session: lost }), "we were in it once");
  assert.ok(!isOurs(us.pid, { ...us, session: lost }), "it has our own number: we began it since");
});

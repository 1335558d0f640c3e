import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test, type TestContext } from "node:test";
import { Birthplace } from "../../src/io/birthplace.ts";
import { removeLeftovers } from "../../src/io/cgroup-removal.ts";
import { cgroupOf, homeOrSkip, newCgroup } from "../support/cgroups.ts";
import { isAlive, until } from "../support/processes.ts";
import { Driver, type DriverOptions } from "../support/runner.ts";

/** A process of another user without an environment, in a session of its own, whose parents have ended: /proc tells nothing. */
const lost = `(setsid sh -c 'echo $$ >>"$PIDS"; exec setpriv --reuid 65534 --clear-groups env -i sleep 1000' &)
while [ "$(cat /proc/$(tail -n1 "$PIDS" 2>/dev/null)/comm 2>/dev/null)" != sleep ]; do sleep 0.01; done`;
const family = `${lost}\necho $$ >>"$PIDS"; exec sleep 1000`;

/** A driver whose command runs in a cgroup, and the folder of that; null where there can be none. */
async function inCgroup(t: TestContext, script: string, options: DriverOptions = {}) {
  if (homeOrSkip(t) === null) return null;
  const driver = new Driver(t, ["sh", "-c", script], { processTree: "cgroup", ...options });
  await driver.event("ready");
  driver.order({ kind: "prepare" });
  const { message } = await driver.event("method");
  const folder = /^process tree: cgroup (.*), killed/.exec(message)?.[1] ?? assert.fail(message);
  return { driver, folder };
}

void test("what wiped its environment, left the session and became another user is killed and waited for", async (t) => {
  const run = await inCgroup(t, `${lost}; exit 7`);
  if (run === null) return;
  const { driver, folder } = run;
  await driver.start(1);
  assert.deepEqual((await driver.event("ended")).end, { kind: "exited", code: 7 });
  const [daemon = 0] = driver.pids();
  await new Promise((resolve) => setTimeout(resolve, 100)); // several looks
  assert.ok(isAlive(daemon));
  assert.ok(!driver.events.some(({ kind }) => kind === "treeGone"), "as long as it lives the tree is not gone");
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
  assert.ok(!isAlive(daemon));
  driver.order({ kind: "close" });
  await until(() => !existsSync(folder), "the cgroup is removed");
});

void test("a run that is over leaves no descriptor of its cgroup open: a schedule has thousands of them", (t) => {
  if (homeOrSkip(t) === null) return;
  const before = opened();
  const place = new Birthplace(`fds-${process.pid}`, "cgroup", () => undefined);
  place.make();
  assert.equal(opened().length, before.length + 3);
  const { cgroup } = place;
  place.close();
  assert.deepEqual(opened(), before);
  // Their numbers may be another's by now.
  assert.deepEqual([cgroup?.kill(), cgroup?.isPopulated(), place.cgroup], [false, false, null]);
});

/** What we have open, by the names of that. */
function opened(): string[] {
  return readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return []; // that of the listing itself
    }
  });
}

void test("a tree that leaves its cgroup by ending is gone without a kill", async (t) => {
  const run = await inCgroup(t, `(env -i setsid sleep 0.3 &); exit 0`);
  if (run === null) return;
  await run.driver.start(0);
  await run.driver.event("treeGone");
  assert.match(readFileSync(join(run.folder, "cgroup.events"), "utf8"), /^populated 0$/m);
});

void test("processes that fork while they are killed die by one write, each in a session of its own", async (t) => {
  const chain = 'echo $$ >>"$PIDS"; if [ "$1" -gt 0 ]; then setsid sh -c "$CHAIN" sh $(($1 - 1)) & fi';
  const run = await inCgroup(t, 'sh -c "$CHAIN" sh 2000; sleep 1000', { env: { ...process.env, CHAIN: chain } });
  if (run === null) return;
  const { driver } = run;
  await driver.start(20);
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
  assert.deepEqual(driver.alive(), []);
  const { length } = driver.pids();
  await new Promise((resolve) => setTimeout(resolve, 50)); // a survivor would have gone on
  assert.equal(driver.pids().length, length);
});

void test("a stopped process dies, and so does a cgroup that somebody froze", async (t) => {
  const run = await inCgroup(
    t,
    `${lost}\nsh -c 'echo $$ >>"$PIDS"; kill -STOP $$' & echo $$ >>"$PIDS"; exec sleep 1000`,
  );
  if (run === null) return;
  const { driver, folder } = run;
  await driver.start(3);
  writeFileSync(join(folder, "cgroup.freeze"), "1");
  await until(() => /^frozen 1$/m.test(readFileSync(join(folder, "cgroup.events"), "utf8")), "it is frozen");
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
  assert.deepEqual(driver.alive(), []);
});

void test("leader-exec and its guard are outside while the command runs, whenever that guard was started", async (t) => {
  const run = await inCgroup(t, family);
  if (run === null) return;
  const { driver, folder } = run;
  await driver.event("prepared");
  assert.equal(basename(cgroupOf(driver.pid)), basename(folder), "inside while standing by");
  const first = await driver.guard();
  process.kill(first, "SIGKILL");
  await until(() => !isAlive(first) && driver.guards().length === 1, "another guard runs");
  await driver.start(2);
  const outside = cgroupOf(process.pid);
  assert.deepEqual([cgroupOf(driver.pid), cgroupOf(await driver.guard())], [outside, outside]);
  for (const pid of driver.pids()) assert.equal(basename(cgroupOf(pid)), basename(folder));
  process.kill(driver.pid, "SIGKILL");
  await until(() => driver.alive().length === 0 && !existsSync(folder), "tree and cgroup are gone");
});

void test("kill -9 of leader-exec: its guard kills the cgroup, and removes it", async (t) => {
  const run = await inCgroup(t, family);
  if (run === null) return;
  const { driver, folder } = run;
  await driver.start(2);
  const guard = await driver.guard();
  process.kill(driver.pid, "SIGKILL");
  await until(() => driver.alive().length === 0 && !isAlive(guard) && !existsSync(folder), "all is gone");
});

void test("a guard that replaces another kills the cgroup as well", async (t) => {
  const run = await inCgroup(t, family);
  if (run === null) return;
  const { driver, folder } = run;
  await driver.start(2, 3_000);
  const first = await driver.guard();
  process.kill(first, "SIGKILL");
  await until(() => !driver.guards().includes(first) && driver.guards().length === 1, "another guard runs");
  const second = await driver.guard();
  const files = () => readdirSync(`/proc/${second}/fd`).map((name) => linkOf(`/proc/${second}/fd/${name}`));
  await until(() => files().includes(join(folder, "cgroup.kill")), "it was told what to kill");
  await new Promise((resolve) => setTimeout(resolve, 300)); // and until when, a moment later
  process.kill(driver.pid, "SIGSTOP");
  await until(() => driver.alive().length === 0, "the tree is gone");
  process.kill(driver.pid, "SIGCONT");
  await driver.event("treeGone");
  driver.order({ kind: "close" });
  await until(() => !isAlive(second) && !existsSync(folder), "all is gone");
});

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed meanwhile
  }
}

void test("a leader-exec that is frozen before it could start the command starts nothing, or what it starts dies", async (t) => {
  const run = await inCgroup(t, family);
  if (run === null) return;
  const { driver } = run;
  await driver.event("prepared");
  driver.order({ kind: "start", killIn: 300 });
  const wait = Math.random() * 20;
  for (const end = performance.now() + wait; performance.now() < end;);
  process.kill(driver.pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 600)); // past the deadline
  driver.child.kill("SIGCONT"); // if it still exists: the guard kills it with the tree when it is inside
  const told = () => driver.events.some(({ kind }) => kind === "notStarted" || kind === "treeGone");
  const isOver = () => driver.child.exitCode !== null || driver.child.signalCode !== null || told();
  await until(isOver, "it was killed with the tree, found it dead, or has not started it");
  await until(() => driver.alive().length === 0, "nothing runs");
});

void test("it is killed when no file descriptor is to be had", async (t) => {
  const run = await inCgroup(t, family);
  if (run === null) return;
  const { driver } = run;
  await driver.start(2);
  driver.order({ kind: "exhaust", lasts: 1_000 });
  await until(() => driver.alive().length === 0, "the tree is dead");
  assert.ok(!driver.events.some(({ kind }) => kind === "exhausted"), "and that while there was none");
  await driver.event("treeGone");
});

void test("a process that was moved out of the cgroup is found by the search in /proc", async (t) => {
  const run = await inCgroup(t, `setsid sh -c 'echo $$ >>"$PIDS"; exec sleep 1000' & wait`);
  const home = homeOrSkip(t);
  if (run === null || home === null) return;
  const { driver } = run;
  await driver.start(1);
  const [moved = 0] = driver.pids();
  writeFileSync(join(home, "cgroup.procs"), String(moved));
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
  assert.ok(!isAlive(moved));
});

void test("a command that cannot be started leaves no cgroup behind", async (t) => {
  if (homeOrSkip(t) === null) return;
  const driver = new Driver(t, ["/nonexistent/command"], { processTree: "cgroup" });
  await driver.event("ready");
  driver.order({ kind: "start", killIn: 60_000 });
  const { message } = await driver.event("method");
  const folder = /cgroup (\/.*), killed/.exec(message)?.[1] ?? assert.fail(message);
  assert.equal((await driver.event("notStarted")).reason, "not-found");
  driver.order({ kind: "close" });
  await driver.exit();
  await until(() => !existsSync(folder), "the cgroup is removed");
});

void test("cgroups that were left by killed leader-execs are removed, new ones and others are not", (t) => {
  const home = homeOrSkip(t);
  if (home === null) return;
  const folder = newCgroup(t, home);
  for (const name of ["leader-exec-a", "leader-exec-a/inner", "other"]) mkdirSync(join(folder, name));
  const there = (name: string) => existsSync(join(folder, name));
  removeLeftovers(folder, Date.now());
  assert.ok(there("leader-exec-a/inner"), "it may be entered yet");
  removeLeftovers(folder, Date.now() + 61_000);
  assert.deepEqual([there("leader-exec-a"), there("other")], [false, true]);
});

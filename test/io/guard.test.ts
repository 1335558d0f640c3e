import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createClock } from "../../src/io/clock.ts";
import { formatMessage, type GuardMessage } from "../../src/io/guard-protocol.ts";
import { isAlive, until } from "../support/processes.ts";
import { buildDriver, Driver } from "../support/runner.ts";

/** A command with a child in its group and a daemon: each tells its pid. */
const family: [string, ...string[]] = [
  "sh",
  "-c",
  `sh -c 'echo $$ >>"$PIDS"; exec sleep 1000' & setsid sh -c 'echo $$ >>"$PIDS"; exec sleep 1000' & echo $$ >>"$PIDS"; wait`,
];

void test("kill -9 of leader-exec kills the whole tree, and the guard goes with it", async (t) => {
  const driver = new Driver(t, family);
  await driver.start(3);
  const guard = await driver.guard();
  process.kill(driver.pid, "SIGKILL");
  await until(() => driver.alive().length === 0 && !isAlive(guard), "tree and guard are gone");
});

void test("a leader-exec that is frozen cannot move the deadline: its tree is killed when that passes", async (t) => {
  const driver = new Driver(t, family);
  await driver.start(3, 1_000);
  process.kill(driver.pid, "SIGSTOP");
  assert.equal(driver.alive().length, 3);
  await until(() => driver.alive().length === 0, "the tree is gone");
  process.kill(driver.pid, "SIGCONT");
  assert.deepEqual((await driver.event("ended")).end, { kind: "signaled", signal: "SIGKILL", number: 9 });
  await driver.event("treeGone");
});

void test("a guard that dies or freezes is replaced, and the new one knows what to guard", async (t) => {
  const driver = new Driver(t, family);
  await driver.start(3);
  const first = await driver.guard();
  process.kill(first, "SIGKILL");
  await until(() => !driver.guards().includes(first) && driver.guards().length === 1, "another guard runs");
  const second = await driver.guard();
  process.kill(second, "SIGSTOP");
  driver.order({ kind: "until", killIn: 60_000 });
  await until(() => !isAlive(second) && driver.guards().length === 1, "the frozen one is replaced");
  const third = await driver.guard();
  driver.order({ kind: "until", killIn: 50_000 });
  assert.equal(driver.alive().length, 3);
  process.kill(driver.pid, "SIGKILL");
  await until(() => driver.alive().length === 0 && !isAlive(third), "the third guard did its work");
});

void test("a guard that freezes while no deadline moves is replaced too", async (t) => {
  const driver = new Driver(t, family);
  await driver.start(3);
  const frozen = await driver.guard();
  process.kill(frozen, "SIGSTOP");
  await until(() => !isAlive(frozen) && driver.guards().length === 1, "another guard runs");
  const next = await driver.guard();
  assert.equal(driver.alive().length, 3);
  process.kill(driver.pid, "SIGKILL");
  await until(() => driver.alive().length === 0 && !isAlive(next), "the new guard did its work");
});

void test("without a guard there is no command, and a guard that cannot be replaced is told as lost", async (t) => {
  const folder = buildDriver();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const guarded = new Driver(t, family, { folder });
  await guarded.start(3);
  const guard = await guarded.guard();
  rmSync(join(folder, "guard.cjs"));
  process.kill(guard, "SIGKILL");
  assert.match((await guarded.event("guardLost")).message, /no guard can be kept running.*--guard off/);
  const unguarded = new Driver(t, family, { folder });
  await unguarded.event("ready");
  unguarded.order({ kind: "start", killIn: 60_000 });
  assert.equal((await unguarded.event("notStarted")).reason, "no-guard");
  assert.deepEqual(unguarded.pids(), []);
});

void test("a guard that only slept for a while, or got a signal meant for others, kills nothing", async (t) => {
  const driver = new Driver(t, family);
  await driver.start(3);
  const guard = await driver.guard();
  for (const signal of ["SIGSTOP", "SIGCONT", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1"])
    process.kill(guard, signal);
  driver.order({ kind: "until", killIn: 300 });
  for (let moves = 0; moves < 20; moves++) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    driver.order({ kind: "until", killIn: 2_000 });
  }
  assert.equal(driver.alive().length, 3);
  assert.deepEqual(driver.guards(), [guard]);
});

void test("deadlines that move are heard on a busy machine", async (t) => {
  const driver = new Driver(t, family);
  const busy = Array.from({ length: 8 }, () => spawn("sh", ["-c", "while :; do :; done"], { stdio: "ignore" }));
  t.after(() => busy.forEach((one) => one.kill("SIGKILL")));
  await driver.start(3, 20_000);
  for (let moves = 0; moves < 10; moves++) {
    driver.order({ kind: "until", killIn: 3_000 });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(driver.alive().length, 3);
});

void test("nobody who waits for the end of the command's output waits for the guard", async (t) => {
  const driver = new Driver(t, ["sh", "-c", 'echo $$ >>"$PIDS"; echo out; exec sleep 1000']);
  await driver.start(1);
  process.kill(await driver.guard(), "SIGSTOP"); // a guard that will not end by itself
  const { stdout } = driver.child;
  const ended = new Promise((resolve) => stdout?.once("end", resolve));
  stdout?.resume();
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
  const [guard = 0] = driver.guards();
  t.after(() => isAlive(guard) && process.kill(guard, "SIGKILL"));
  process.kill(driver.pid, "SIGKILL");
  await ended;
  assert.ok(isAlive(guard));
});

/** A guard alone, told what to do by the test. */
function bareGuard(t: TestContext): {
  tell: (message: GuardMessage | string) => void;
  close: () => void;
  exit: Promise<unknown>;
} {
  const folder = buildDriver();
  const child = spawn(process.execPath, [join(folder, "guard.cjs")], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    tell: (message) => void child.stdin.write(typeof message === "string" ? message : formatMessage(message)),
    close: () => child.stdin.end(),
    exit: new Promise((resolve) => child.once("exit", resolve)),
  };
}

void test("a command is killed although leader-exec died before it could tell its pid, and before it did exec", async (t) => {
  const guard = bareGuard(t);
  const runId = `unknown-${process.pid}`;
  guard.tell({ kind: "run", runId, since: 0, cgroup: null });
  guard.tell({ kind: "deadline", number: 1, at: Infinity });
  const sleeper = (env: NodeJS.ProcessEnv, script: string) =>
    spawn("sh", ["-c", script], { env, detached: true, stdio: "ignore" });
  const early = sleeper({ ...process.env, LEADER_RUN_ID: runId }, "sleep 1000; :");
  const late = sleeper(process.env, `sleep 0.5; LEADER_RUN_ID=${runId} exec sleep 1000`);
  const signals = [early, late].map(
    (child) => new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal))),
  );
  guard.close();
  assert.deepEqual(await Promise.all(signals), ["SIGKILL", "SIGKILL"]);
  assert.equal(await guard.exit, 3);
});

/** A command that carries this run's id. */
function marked(runId: string) {
  const env = { ...process.env, LEADER_RUN_ID: runId };
  const command = spawn("sleep", ["1000"], { env, detached: true, stdio: "ignore" });
  return { command, died: new Promise((resolve) => command.once("exit", (_, signal) => resolve(signal))) };
}

void test("a guard whose deadline passes kills, whatever nonsense it was told before", async (t) => {
  const guard = bareGuard(t);
  const runId = `nonsense-${process.pid}`;
  const { command, died } = marked(runId);
  guard.tell("deadline\nfoo bar\n\ndeadline 1 soon\ntree\ntree x y\n");
  guard.tell(`run ${runId}`);
  guard.tell(" 0\n");
  guard.tell({ kind: "tree", root: { pid: command.pid ?? 0, startTime: 0 } });
  guard.tell({ kind: "deadline", number: 2, at: createClock().now() + 300 });
  assert.equal(await died, "SIGKILL");
  assert.equal(await guard.exit, 3);
});

void test("a guard whose deadline passed before it heard of a command ends with its leader-exec", async (t) => {
  const guard = bareGuard(t);
  const runId = `unheard-${process.pid}`;
  const { died } = marked(runId);
  guard.tell({ kind: "run", runId, since: 0, cgroup: null });
  guard.tell({ kind: "deadline", number: 1, at: createClock().now() + 100 });
  assert.equal(await died, "SIGKILL");
  guard.close();
  assert.equal(await guard.exit, 3);
});

void test("a guard without anything to guard ends quietly", async (t) => {
  const guard = bareGuard(t);
  guard.tell({ kind: "run", runId: `later-${process.pid}`, since: 0, cgroup: null });
  guard.tell({ kind: "deadline", number: 0, at: Infinity });
  guard.close();
  assert.equal(await guard.exit, 0);
});

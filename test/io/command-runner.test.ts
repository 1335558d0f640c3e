import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import type { CommandEnd } from "../../src/core/types.ts";
import { forwardableSignals } from "../../src/io/signals.ts";
import { until } from "../support/processes.ts";
import { Driver, type DriverOptions } from "../support/runner.ts";

/** Runs a command to its end, and answers with that and with its output. */
async function run(t: TestContext, command: readonly [string, ...string[]], options: DriverOptions = {}, input = "") {
  const driver = new Driver(t, command, options);
  const output: Buffer[] = [];
  driver.child.stdout?.on("data", (part: Buffer) => output.push(part));
  driver.child.stdin?.end(input);
  await driver.event("ready");
  driver.order({ kind: "start", killIn: 60_000 });
  const { end } = await driver.event("ended");
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
  driver.order({ kind: "close" });
  await new Promise((resolve) => driver.child.once("close", resolve));
  return { end, output: Buffer.concat(output).toString("latin1") };
}

void test("how the command ended is told exactly: codes and signals", async (t) => {
  const ends: readonly (readonly [string, CommandEnd])[] = [
    ...[0, 1, 64, 75, 125, 126, 127, 128, 143, 255].map((code) => [`exit ${code}`, { kind: "exited", code }] as const),
    ...(["SIGHUP", "SIGKILL", "SIGTERM", "SIGUSR1", "SIGABRT", "SIGSEGV", "SIGPIPE", "SIGALRM"] as const).map(
      (signal) => {
        const number = Number(spawnSync("bash", ["-c", `kill -l ${signal}`]).stdout.toString());
        return [`ulimit -c 0; kill -${number} $$`, { kind: "signaled", signal, number }] as const;
      },
    ),
  ];
  const all = await Promise.all(ends.map(([script]) => run(t, ["sh", "-c", script], { guard: false })));
  assert.deepEqual(
    all.map(({ end }) => end),
    ends.map(([, end]) => end),
  );
});

void test("every forwardable signal reaches the command", async (t) => {
  const names = forwardableSignals.map(({ name }) => name.slice(3));
  const traps = forwardableSignals
    .map(({ number }, at) => `trap 'echo ${names[at] ?? ""} >>"$PIDS.told"' ${number}`)
    .join("; ");
  const driver = new Driver(t, [
    "sh",
    "-c",
    `${traps}; : >"$PIDS.told"; echo $$ >>"$PIDS"; while :; do sleep 0.01; done`,
  ]);
  await driver.start(1);
  const told = (): string[] => readFileSync(`${driver.pidFile}.told`, "utf8").split("\n").slice(0, -1);
  for (const { name, number } of forwardableSignals) {
    process.kill(driver.pid, number);
    await until(() => told().length > 0 && told().at(-1) === name.slice(3), `${name} arrived`);
  }
  assert.deepEqual(told(), names);
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
});

void test("arguments, input and output pass byte for byte", async (t) => {
  const args = ["", " ", "a  b", "--", "-n", "$HOME `id` \"'\\", "é☃", "line\nbreak", "*"];
  const { output } = await run(
    t,
    ["sh", "-c", 'printf "<%s>" "$@"; cat', "sh", ...args],
    { stdio: ["pipe", "pipe", "inherit"] },
    "in\0put\n",
  );
  assert.equal(Buffer.from(output, "latin1").toString(), `${args.map((arg) => `<${arg}>`).join("")}in\0put\n`);
});

void test("pipes stay as they were given: they block", async (t) => {
  const { output } = await run(t, ["sh", "-c", "for fd in 0 1; do grep flags /proc/$$/fdinfo/$fd; done"], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const [, flags = ""] = /flags:\s*(\d+)/.exec(output) ?? [];
  assert.equal(Number.parseInt(flags, 8) & 0o4000, 0, "O_NONBLOCK");
});

void test("the command leads a session and a group of its own", async (t) => {
  const { output } = await run(t, ["sh", "-c", "echo $$ $(cut -d' ' -f5,6 /proc/$$/stat)"]);
  const [pid, group, session] = output.trim().split(" ");
  assert.deepEqual([group, session], [pid, pid]);
});

void test("the command's environment is ours without our settings; NODE_OPTIONS passes, and never to the guard", async (t) => {
  const env = {
    PATH: process.env["PATH"],
    NODE_OPTIONS: "--no-warnings",
    LEADER_EXEC_RETRY_PERIOD: "2s",
    LEADER_FENCING_TOKEN: "of an outer one",
    LEADER_RUN_ID: "outer",
    EMPTY: "",
  };
  const driver = new Driver(t, ["sh", "-c", 'echo $$ >>"$PIDS"; exec sleep 1000'], { env });
  const pid = await driver.start(1);
  const environment = (of: number): string[] =>
    readFileSync(`/proc/${of}/environ`, "utf8")
      .split("\0")
      .filter((entry) => !/^(PWD|_|SHLVL|OLDPWD|PATH|PIDS|)(=|$)/.test(entry))
      .sort();
  assert.deepEqual(environment(pid), ["EMPTY=", `LEADER_RUN_ID=outer,${driver.runId}`, "NODE_OPTIONS=--no-warnings"]);
  assert.deepEqual(environment(await driver.guard()), ["LEADER_RUN_ID=outer"]);
});

void test("process.exit and an uncaught exception of leader-exec kill the group at once, and keep their exit code", async (t) => {
  for (const [order, expected] of [
    [{ kind: "exit", code: 42 }, 42],
    [{ kind: "throw" }, 1],
  ] as const) {
    const driver = new Driver(t, ["sh", "-c", 'echo $$ >>"$PIDS"; exec sleep 1000'], {
      guard: false,
      stdio: ["ignore", "pipe", "ignore"],
    });
    await driver.start(1);
    driver.order(order);
    assert.deepEqual(await driver.exit(), { code: expected, signal: null });
    await until(() => driver.alive().length === 0, "the command is gone");
  }
});

void test("SIGUSR1 does not open the inspector", async (t) => {
  const driver = new Driver(t, ["sh", "-c", 'trap "" USR1; echo $$ >>"$PIDS"; while :; do sleep 0.1; done'], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: string[] = [];
  driver.child.stderr?.on("data", (part) => said.push(String(part)));
  await driver.start(1);
  process.kill(driver.pid, "SIGUSR1");
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
  assert.deepEqual(said, []);
});

void test("out of descriptors the group dies at once, and the tree is not called gone without a look", async (t) => {
  const driver = new Driver(t, [
    "sh",
    "-c",
    `setsid sh -c 'echo $$ >>"$PIDS"; exec sleep 1000' & echo $$ >>"$PIDS"; wait`,
  ]);
  await driver.start(2);
  driver.order({ kind: "exhaust", lasts: 300 });
  await driver.event("treeGone");
  assert.deepEqual(
    driver.events.map(({ kind }) => kind),
    ["ready", "method", "started", "ended", "exhausted", "treeGone"],
  );
  assert.deepEqual(driver.alive(), []);
});

void test("what cannot be started is told with its reason, and leaves nothing behind", async (t) => {
  for (const [command, reason, message] of [
    [["no-such-command-at-all"], "not-found", /was not found in PATH/],
    [["/"], "not-executable", /is a directory/],
  ] as const) {
    const driver = new Driver(t, command);
    await driver.event("ready");
    driver.order({ kind: "start", killIn: 60_000 });
    const failure = await driver.event("notStarted");
    assert.equal(failure.reason, reason);
    assert.match(failure.message, message);
    driver.order({ kind: "close" });
    assert.deepEqual(await driver.exit(), { code: 0, signal: null });
  }
});

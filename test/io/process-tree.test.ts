import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isAlive, until } from "../support/processes.ts";
import { Driver } from "../support/runner.ts";

const shell = (script: string, ...args: string[]): [string, ...string[]] => ["sh", "-c", script, "sh", ...args];
/** Tells its pid and stays. */
const STAY = 'echo $$ >>"$PIDS"; exec sleep 1000';
const env = { ...process.env, STAY };

/** What a command may leave behind when it ends by itself. */
const leftBehind: Readonly<Record<string, string>> = {
  "a child in the group": 'sh -c "$STAY" &',
  "a child in a group of its own": 'timeout 1000 sh -c "$STAY" &',
  "a child in a session of its own": 'setsid sh -c "$STAY" &',
  "a daemon whose parents have ended": `setsid sh -c 'sh -c "$STAY" &'`,
  "a daemon in a group of its own": `setsid sh -c 'timeout 1000 sh -c "$STAY" &'`,
  "a stopped child": `sh -c 'echo $$ >>"$PIDS"; kill -STOP $$; exec sleep 1000' &`,
  "a stopped daemon": `(setsid sh -c 'echo $$ >>"$PIDS"; kill -STOP $$' &)`,
  "a child that ignores every polite signal": `sh -c 'trap "" TERM INT HUP QUIT; eval "$STAY"' &`,
  "a nohup job": 'nohup sh -c "$STAY" >/dev/null 2>&1 &',
};

for (const [what, script] of Object.entries(leftBehind)) {
  void test(`${what} is gone before the tree is said to be gone`, async (t) => {
    const driver = new Driver(t, shell(`${script}\nwhile [ ! -s "$PIDS" ]; do sleep 0.01; done; exit 7`), { env });
    await driver.start(1);
    await driver.event("ended");
    driver.order({ kind: "killTree" });
    await driver.event("treeGone");
    assert.deepEqual(driver.alive(), []);
  });
}

/** What runs while the whole tree is killed, and how many processes that are. */
const running: Readonly<Record<string, readonly [number, string]>> = {
  "a shell that waits for its child, as npm run does": [
    2,
    `echo $$ >>"$PIDS"; trap "" TERM; sh -c 'trap "" TERM; eval "$STAY"'; :`,
  ],
  "a child without an environment in a session of its own": [
    1,
    'setsid env -i PIDS="$PIDS" PATH="$PATH" sh -c "$STAY" & wait',
  ],
  "a great-grandchild, each in a session of its own": [
    3,
    `setsid -w sh -c 'echo $$ >>"$PIDS"; setsid -w sh -c "sh -c \\"\\$STAY\\" & \$STAY"; :'; :`,
  ],
};

for (const [what, [pids, script]] of Object.entries(running)) {
  void test(`${what} dies with the tree`, async (t) => {
    const driver = new Driver(t, shell(script), { env });
    await driver.start(pids);
    driver.order({ kind: "killTree" });
    await driver.event("treeGone");
    assert.deepEqual(driver.alive(), []);
  });
}

/** Each link tells its pid, starts the next and ends at once; the last one does not stay for long. $1: how many follow. */
const CHAIN = 'echo $$ >>"$PIDS"; if [ "$1" -gt 0 ]; then sh -c "$CHAIN" sh $(($1 - 1)) & else exec sleep 10; fi';
for (const [where, script] of [
  ["in the group", 'sh -c "$CHAIN" sh 400; sleep 1000'],
  ["in a session that has lost its leader", 'setsid sh -c "$CHAIN" sh 400; sleep 1000'],
  [
    "without an environment, in a session of their own",
    `setsid -w env -i PATH="$PATH" PIDS="$PIDS" CHAIN="$CHAIN" sh -c 'sh -c "$CHAIN" sh 400; sleep 1000'`,
  ],
] as const) {
  void test(`a chain of processes that fork while they are killed is caught, ${where}`, async (t) => {
    const driver = new Driver(t, shell(script), { env: { ...env, CHAIN } });
    await driver.start(20);
    driver.order({ kind: "killTree" });
    await driver.event("treeGone");
    assert.deepEqual(driver.alive(), []);
    const { length } = driver.pids();
    await new Promise((resolve) => setTimeout(resolve, 50)); // a survivor would have gone on
    assert.equal(driver.pids().length, length);
  });
}

void test("a process that only looks similar is left alone", async (t) => {
  const driver = new Driver(t, shell(STAY));
  await driver.start(1);
  const strangers = [`${driver.runId}0`, `x${driver.runId}`, ""].map((id) =>
    spawn("sleep", ["1000"], { env: { ...process.env, LEADER_RUN_ID: id, OTHER: driver.runId }, stdio: "ignore" }),
  );
  t.after(() => strangers.forEach((stranger) => stranger.kill("SIGKILL")));
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
  assert.deepEqual(
    strangers.map(({ exitCode, signalCode }) => exitCode ?? signalCode),
    [null, null, null],
  );
});

void test("a stop signal for the tree reaches a daemon, and what a nested leader-exec runs has it from there alone", async (t) => {
  const told = (name: string): string =>
    `trap 'echo ${name} >>"$PIDS.told"; exit' TERM; echo $$ >>"$PIDS"; while :; do sleep 0.01; done`;
  const driver = new Driver(t, [
    "sh",
    "-c",
    `setsid sh -c "$1" & LEADER_RUN_ID="$LEADER_RUN_ID,inner" setsid sh -c "$2" & eval "$0"`,
    told("command"),
    told("daemon"),
    told("nested"),
  ]);
  await driver.start(3);
  driver.order({ kind: "forward", signal: "SIGTERM", to: "tree" });
  await driver.event("ended");
  await until(() => driver.alive().length === 1, "command and daemon have ended");
  assert.deepEqual(readFileSync(`${driver.pidFile}.told`, "utf8").trim().split("\n").sort(), ["command", "daemon"]);
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
  assert.deepEqual(driver.alive(), []);
});

void test("a daemon whose main thread has ended is found by what its other threads show", async (t) => {
  if (spawnSync("perl", ["-Mthreads", "-e", "1"]).status !== 0 || process.arch !== "x64") {
    t.skip("needs perl with threads, on x64");
    return;
  }
  const program = `use threads; my $pid = $$; async { sleep 0.05; open(F, ">>", $ENV{PIDS}); print F "$pid\\n"; close F; sleep 1000 }; syscall(60, 0)`;
  const driver = new Driver(t, shell(`(setsid perl -e "$1" &); while [ ! -s "$PIDS" ]; do sleep 0.01; done`, program));
  await driver.start(1);
  await driver.event("ended");
  const [pid = 0] = driver.pids();
  assert.match(readFileSync(`/proc/${pid}/stat`, "latin1"), /\) Z /, "the main thread is a zombie");
  assert.ok(isAlive(pid));
  driver.order({ kind: "killTree" });
  await driver.event("treeGone");
  assert.deepEqual(driver.alive(), []);
});

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createClock } from "../../src/io/clock.ts";
import { formatMessage, type GuardMessage } from "../../src/io/guard-protocol.ts";
import { releaseOrder, type ReleaseFacts, type ReleaseTask } from "../../src/io/release-order.ts";
import { startTimeOf } from "../../src/io/tree-kin.ts";
import { isAlive, until } from "../support/processes.ts";
import { buildDriver } from "../support/runner.ts";

const clock = createClock();
const facts: ReleaseFacts = {
  choice: {
    store: { kind: "file", directory: "leases" },
    leaseName: "job",
    leaseNamespace: "ns",
    kubeconfig: undefined,
    context: undefined,
  },
  identity: "me_1",
  holdAtLeast: 0,
  isCandidate: false,
  log: { level: "info", format: "text", colour: false, context: {} },
};
/** In the place of what releases: tells what it was given. */
const teller = `
  const { readFileSync, writeFileSync } = require("node:fs");
  const told = { task: JSON.parse(readFileSync(0, "utf8")), env: process.env, folder: process.cwd(), args: process.argv.slice(2) };
  writeFileSync(process.env.TOLD + ".new", JSON.stringify(told));
  require("node:fs").renameSync(process.env.TOLD + ".new", process.env.TOLD);`;

interface Told {
  readonly task: ReleaseTask;
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  readonly args: readonly string[];
}

/** A guard, somebody who passes for its leader-exec, and a command. */
class Trio {
  readonly leader = sleeper();
  readonly command: ChildProcess;
  readonly guardExit: Promise<unknown>;
  readonly #guard: ChildProcess;
  readonly #told: string;
  #answers = "";
  readonly folder = buildDriver();
  readonly #runId = `release-${process.pid}-${Math.random().toString(36).slice(2)}`;

  constructor(t: TestContext) {
    writeFileSync(join(this.folder, "release.cjs"), teller);
    this.#told = join(this.folder, "told");
    this.command = sleeper({ ...process.env, LEADER_RUN_ID: this.#runId });
    const guard = join(this.folder, "guard.cjs");
    this.#guard = spawn(process.execPath, [guard], { stdio: ["pipe", "pipe", "inherit", "inherit"] });
    this.#guard.stdout?.setEncoding("utf8").on("data", (text: string) => (this.#answers += text));
    this.guardExit = endOf(this.#guard);
    t.after(() => {
      for (const child of [this.leader, this.command, this.#guard]) child.kill("SIGKILL");
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  tell(...messages: readonly GuardMessage[]): void {
    for (const message of messages) this.#guard.stdin?.write(formatMessage(message));
  }

  /** It has taken everything up to the deadline in. */
  heard(): Promise<void> {
    return until(() => this.#answers.includes("ok 1\n"), "the guard answers");
  }

  run(): GuardMessage {
    return { kind: "run", runId: this.#runId, since: 0, cgroup: null };
  }

  order(): GuardMessage {
    const env = { PATH: process.env["PATH"], TOLD: this.#told, KUBECONFIG: "/some/where", NODE_OPTIONS: "--no-such" };
    return { kind: "order", text: releaseOrder(env, facts) ?? assert.fail("no order") };
  }

  term(): GuardMessage {
    const { pid = 0 } = this.leader;
    return { kind: "term", uid: "uid-1", since: 12.5, leader: { pid, startTime: startTimeOf(pid) } };
  }

  tree(): GuardMessage {
    const { pid = 0 } = this.command;
    return { kind: "tree", root: { pid, startTime: startTimeOf(pid) } };
  }

  closePipe(): void {
    this.#guard.stdin?.end();
  }

  told(): Told | null {
    return existsSync(this.#told) ? (JSON.parse(readFileSync(this.#told, "utf8")) as Told) : null;
  }
}

const sleeper = (env = process.env): ChildProcess => spawn("sleep", ["1000"], { env, detached: true, stdio: "ignore" });
const endOf = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
const deadline = (inMillis: number, number = 1): GuardMessage => ({
  kind: "deadline",
  number,
  at: clock.now() + inMillis,
});

void test("the guard has the Lease released when the tree is gone and leader-exec is dead, not when only its pipe is closed", async (t) => {
  const trio = new Trio(t);
  const dead = endOf(trio.command);
  trio.tell(trio.run(), trio.order(), trio.term(), deadline(60_000), trio.tree());
  trio.closePipe();
  assert.equal(await dead, "SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, 300)); // time enough to do wrong
  assert.equal(trio.told(), null);
  trio.leader.kill("SIGKILL");
  assert.equal(await trio.guardExit, 3);
  const { task, env, folder, args } = trio.told() ?? assert.fail("nothing was released");
  assert.deepEqual([task.identity, task.term, task.pid], ["me_1", { uid: "uid-1", since: 12.5 }, trio.leader.pid]);
  assert.ok(task.until > clock.now() && task.until < clock.now() + 60_000, "it is given up at the kill deadline");
  assert.equal(env["KUBECONFIG"], "/some/where");
  assert.equal(env["NODE_OPTIONS"], undefined);
  assert.equal(folder, process.cwd());
  assert.deepEqual(args, [], "nothing is told where every user can read it");
});

const unreleased: Readonly<Record<string, (trio: Trio) => Promise<void>>> = {
  "there was no term": async (trio) => {
    trio.tell(trio.run(), trio.order(), trio.tree(), deadline(60_000));
    await trio.heard();
    trio.leader.kill("SIGKILL");
    trio.closePipe();
  },
  "the command was never seen to exist": async (trio) => {
    trio.tell(trio.run(), trio.order(), trio.term(), deadline(60_000));
    await trio.heard();
    trio.closePipe();
    trio.leader.kill("SIGKILL");
  },
  "leader-exec said that all is done": async (trio) => {
    trio.tell(trio.run(), trio.order(), trio.term(), trio.tree(), deadline(60_000));
    await trio.heard();
    trio.tell({ kind: "done" });
    trio.leader.kill("SIGKILL");
    trio.closePipe();
  },
  "the kill deadline had passed: leader-exec was only frozen then": async (trio) => {
    const dead = endOf(trio.command);
    trio.tell(trio.run(), trio.order(), trio.term(), deadline(0), trio.tree());
    await dead;
    trio.leader.kill("SIGKILL");
    trio.closePipe();
  },
  "the leader-exec that is named was not there, and so could not be seen to die": async (trio) => {
    const term = trio.term();
    const dead = endOf(trio.leader);
    trio.leader.kill("SIGKILL");
    await dead;
    trio.tell(trio.run(), trio.order(), term, deadline(60_000), trio.tree());
    trio.closePipe();
  },
};

for (const [why, body] of Object.entries(unreleased)) {
  void test(`the guard has nothing released when ${why}`, async (t) => {
    const trio = new Trio(t);
    await body(trio);
    await trio.guardExit;
    assert.equal(trio.told(), null);
  });
}

void test("a release that hangs is ended at the kill deadline, with all that it started", async (t) => {
  const trio = new Trio(t);
  const hangs = `
    const sleep = require("node:child_process").spawn("sleep", ["1000"]);
    require("node:fs").writeFileSync(process.env.TOLD, JSON.stringify([process.pid, sleep.pid]));`;
  writeFileSync(join(trio.folder, "release.cjs"), hangs);
  const dead = endOf(trio.command);
  trio.tell(trio.run(), trio.order(), trio.term(), deadline(3_000), trio.tree());
  trio.closePipe();
  await dead;
  trio.leader.kill("SIGKILL");
  assert.equal(await trio.guardExit, 3);
  const pids = trio.told() as unknown as number[];
  assert.equal(pids.length, 2);
  await until(() => !pids.some(isAlive), "both are gone");
});

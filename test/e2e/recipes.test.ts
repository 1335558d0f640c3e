/** Every recipe of docs/jobs.md, run as it stands there; only paths of the example are led elsewhere. */
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test, type TestContext } from "node:test";
import { describeWithLab, until } from "../lab/index.ts";
import { Candidate, folderOf, product } from "../support/candidate.ts";
import { Journal } from "../support/journal.ts";

const root = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(root, "docs", "jobs.md"), "utf8");
const probe = join(root, "test", "fixtures", "probe.cjs");

/** The recipe's one command line with leader-exec in it, as a shell reads it. */
function recipe(name: string): string {
  const block = new RegExp(`<!-- recipe: ${name} -->\n+\`\`\`\\w+\n([^]*?)\`\`\``).exec(page)?.[1] ?? "";
  const lines = block.split("\n").filter((line) => line.includes("leader-exec -"));
  assert.equal(lines.length, 1, `the recipe ${name} has one line`);
  return (lines[0] ?? "").replace(/^\s*(ExecStart=|command: )?/, "");
}

/** A machine for recipes: leader-exec and the programs of the recipes in its PATH, and a journal of what these programs do. */
class Place {
  readonly journal: Journal;
  readonly #t: TestContext;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(t: TestContext, env: Readonly<Record<string, string>> = {}) {
    this.#t = t;
    this.#folder = folderOf(t);
    this.journal = new Journal(join(this.#folder, "journal"));
    this.#env = {
      LEADER_EXEC_LEASE_STORE: `file:${this.#folder}/leases`,
      LEADER_EXEC_LEASE_DURATION: "5s",
      PATH: [this.#folder, process.env["PATH"]].join(delimiter),
      PROBE_JOURNAL: this.journal.path,
      ...env,
    };
    this.program("leader-exec", `exec ${process.execPath} ${product} "$@"`);
    for (const name of ["backup.sh", "report.sh", "migrate.sh", "mailer.sh", "worker.sh"])
      this.program(name, `exec ${process.execPath} ${probe}`);
  }

  program(name: string, script: string): void {
    const path = join(this.#folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** Runs a line as cron, systemd or a container would: signals go to leader-exec itself. */
  start(line: string, env: Readonly<Record<string, string>> = {}): Candidate {
    const through = ["sh", "-c", `exec ${line}`];
    return new Candidate(this.#t, { instead: through, env: { ...this.#env, ...env } });
  }
}

test("cron: of three hosts one runs the job, all end with 0 and without a word", async (t) => {
  const place = new Place(t);
  const hosts = [0, 1, 2].map(() => place.start(recipe("cron"), { PROBE_FOR: "300" }));
  for (const host of hosts) {
    assert.equal(await host.code(), 0, host.stderr);
    assert.equal(host.stdout + host.stderr, "");
  }
  assert.equal(place.journal.lives().length, 1);
});

test("cron: a job that fails, or cannot be started, is heard of", async (t) => {
  const place = new Place(t);
  assert.equal(await place.start(recipe("cron"), { PROBE_FOR: "0", PROBE_EXIT: "3" }).code(), 3);
  const missing = place.start(recipe("cron").replace("backup.sh", "no-such-program"));
  assert.equal(await missing.code(), 127);
  assert.match(missing.stderr, /no-such-program/);
});

test("deployment: one of two replicas runs the job again and again, and the other goes on when it is told to stop", async (t) => {
  const place = new Place(t);
  const line = recipe("deployment").replace("sleep 60", "sleep 0.2");
  const replicas = [0, 1].map(() => place.start(line, { PROBE_FOR: "50" }));
  const { identity } = await place.journal.start(3);
  assert.equal(new Set(place.journal.lives().map((life) => life.identity)).size, 1);
  const holder = replicas.find(({ stderr }) => stderr.includes(`as ${identity};`));
  holder?.kill("SIGTERM");
  await until("the other one runs it", () => place.journal.lives().some((life) => life.identity !== identity));
  assert.deepEqual(place.journal.overlaps(), []);
});

test("schedule: one of two replicas runs the job at its times, each once, and the other goes on when it is told to stop", async (t) => {
  const place = new Place(t);
  const line = recipe("schedule").replace("0 3 * * *", "* * * * * *");
  const replicas = [0, 1].map(() => place.start(line, { PROBE_FOR: "50" }));
  const { identity } = await place.journal.start(3);
  replicas.find(({ stderr }) => stderr.includes(`as ${identity};`))?.kill("SIGTERM");
  await until("the other one runs it", () => place.journal.lives().some((life) => life.identity !== identity));
  const ticks = place.journal.lives().map(({ tick }) => tick);
  assert.equal(new Set(ticks).size, ticks.length);
  assert.deepEqual(place.journal.overlaps(), []);
});

test("migration: one replica runs it until it has succeeded, then all go on, and so do those that come later", async (t) => {
  const place = new Place(t);
  const failing = place.start(recipe("migration"), { PROBE_FOR: "0", PROBE_EXIT: "3" });
  assert.equal(await failing.code(), 3, failing.stderr);
  const replicas = [0, 1, 2].map(() => place.start(recipe("migration"), { PROBE_FOR: "100" }));
  for (const replica of replicas) assert.equal(await replica.code(), 0, replica.stderr);
  assert.equal(await place.start(recipe("migration")).code(), 0);
  assert.equal(place.journal.lives().length, 2);
  assert.deepEqual(place.journal.overlaps(), []);
});

test("hooks: what comes first runs only while the Lease is held, and the worker gets the signals", async (t) => {
  const place = new Place(t);
  place.program("notify.sh", 'echo "$1 $LEADER_IDENTITY"');
  const holder = place.start(recipe("hooks"));
  const life = await place.journal.start(1);
  const standby = place.start(recipe("hooks"));
  await until("it stands by", () => /standing by/.test(standby.stderr));
  standby.kill("SIGTERM");
  assert.equal(await standby.code(), 143);
  assert.equal(standby.stdout, "");
  holder.kill("SIGTERM");
  assert.equal(await holder.code(), 0);
  assert.equal(holder.stdout, `acquired ${life.identity}\n`);
  assert.deepEqual(place.journal.lives()[0]?.signals, ["SIGTERM"]);
});

test("compose: of three replicas that share a volume one works, and the next one takes over", async (t) => {
  const place = new Place(t);
  const line = recipe("compose").replace("file:/leases", `file:${folderOf(t)}/leases`);
  const replicas = [0, 1, 2].map(() => place.start(line));
  const { identity } = await place.journal.start(1);
  const holder = replicas.find(({ stderr }) => stderr.includes(`as ${identity};`));
  holder?.kill("SIGTERM");
  await place.journal.start(2);
  assert.deepEqual(place.journal.overlaps(), []);
});

await describeWithLab("recipes on a real API server", (lab) => {
  test("systemd: two machines with a kubeconfig; the one that stands by is stopped with 143", async (t) => {
    const namespace = await lab().createNamespace();
    const user = await lab().user(namespace, "mailer");
    const kubeconfig = await user.kubeconfig({ server: lab().url });
    const place = new Place(t, { LEADER_EXEC_LEASE_STORE: "" });
    const line = recipe("systemd").replace("/etc/leader-exec/kubeconfig", kubeconfig);
    assert.match(page, /^SuccessExitStatus=143$/m);
    const first = place.start(line);
    await place.journal.start(1);
    const second = place.start(line);
    await until("it stands by", () => /standing by/.test(second.stderr));
    second.kill("SIGTERM");
    assert.equal(await second.code(), 143);
    first.kill("SIGTERM");
    assert.equal(await first.code(), 0);
  });
});

test("no recipe is left out here", () => {
  const source = readFileSync(import.meta.filename, "utf8");
  for (const [, name = ""] of page.matchAll(/<!-- recipe: (\w+) -->/g))
    assert.ok(source.includes(`recipe("${name}")`), name);
});

import assert from "node:assert/strict";
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test, type TestContext } from "node:test";
import { until } from "../lab/until.ts";
import { baseImage } from "./base.ts";
import { Container } from "./container.ts";
import type { Image } from "./engine.ts";
import type { ContainerOptions } from "./spec.ts";
import { describeWithEngine } from "./with-engine.ts";

const repository = join(import.meta.dirname, "..", "..");
const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };
const page = readFileSync(join(repository, "docs", "image.md"), "utf8");
const tini = ["/opt/leader-exec/bin/tini", "-s", "--"];
const leaderExec = "/opt/leader-exec/bin/leader-exec";
/** The container lives on when leader-exec has ended, so that what it left behind would be seen. */
const livesOn = [...tini, "sh", "-c", `${leaderExec} "$@"; echo "ended $?"; exec sleep 1000`, "sh"];

/** A command with a process in its group and one that left group and session. */
const family = ["--", "sh", "-c", "sleep 1001 & setsid sleep 1002 & echo started; wait"];
/** A command that leaves 20 orphans behind, which end soon. */
const orphans = "i=0; while [ $i -lt 20 ]; do (sleep 0.3 &); i=$((i+1)); done; echo spawned; exec sleep 1001";

const leading = /^\S*node \S+\/leader-exec\S* --enable/;

/** Bytes of a process, as this machine's kernel counts them. */
function rollup(pid: number, field: "Rss" | "Pss"): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(new RegExp(`^${field}: +(\\d+) kB$`, "m").exec(text)?.[1]) * 1024;
}

/** Short times, on Leases that are files. */
const timing = "--lease-duration 5s --renew-deadline 2s --retry-period 500ms --kill-after 1s".split(" ");
const electing = ["--enable-leader-election", "--lease-store", "file:/var/lib/lease", ...timing];
/** Tells when it starts and ends, in nanoseconds of the monotonic clock that all containers share. */
const worker = `
  const say = (what) => console.log(what + " " + process.hrtime.bigint());
  process.on("SIGTERM", () => setTimeout(() => { say("stop"); process.exit(0); }, 200));
  setInterval(() => undefined, 1e6);
  say("start");
`;

describeWithEngine("the container image", (engine) => {
  let base: Image;
  let image: Image;
  before(async () => {
    base = await engine().image(baseImage);
    const start = performance.now();
    image = await engine().build("leader-exec", repository, join(repository, "Dockerfile"));
    const took = ((performance.now() - start) / 1000).toFixed(1);
    console.log(
      `image: built in ${took} s; ${image.bytes - base.bytes} bytes more than the Node image (${base.bytes})`,
    );
  });

  const run = (t: TestContext, args: readonly string[], options: ContainerOptions = {}): Container =>
    new Container(t, engine(), image, args, options);

  /** How many of the orphans are zombies once all have ended. */
  async function zombiesOf(container: Container): Promise<number> {
    await container.prints("spawned");
    await container.find(/^sleep 1001/);
    await until("the orphans' end", async () =>
      (await container.inmates()).every(({ zombie, commandLine }) => zombie || !commandLine.startsWith("sleep 0.3")),
    );
    const count = async (): Promise<number> => (await container.inmates()).filter(({ zombie }) => zombie).length;
    // tini reaps one after the other: it gets a moment, and then none may be left
    return until("all orphans are reaped", async () => (await count()) === 0, 2_000).then(() => 0, count);
  }

  /** Waits until neither the command nor what it started is there any more, in a container that lives on. */
  async function familyGone(container: Container): Promise<void> {
    await container.prints("ended");
    await until("the end of all that the command started", async () =>
      (await container.inmates()).every(({ commandLine }) => !/^(sleep 100[12]|sh -c sleep)/.test(commandLine)),
    );
    await container.find(/^sleep 1000/);
  }

  test("adds one directory and two links to the Node image, owned by root and open to every user", () => {
    assert.equal(
      existsSync(join(base.root, "usr/bin/tini")),
      false,
      "the official image has no tini, nor has its stand-in",
    );
    const folder = join(image.root, "opt/leader-exec");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
    for (const file of ["LICENSE", "package.json", "bin/tini", "bin/tini.copyright", "dist/THIRD-PARTY-NOTICES.txt"])
      assert.ok(files.includes(file), file);
    assert.deepEqual(
      files.filter((file) => /^(src|test|node_modules|\.git)/.test(file)),
      [],
    );
    for (const file of files) {
      const { uid, gid, mode } = lstatSync(join(folder, file));
      assert.equal(`${uid}:${gid}`, "0:0", file);
      if (!file.endsWith("bin/leader-exec")) assert.equal(mode & 0o022, 0, `${file} cannot be changed by others`);
      assert.equal(mode & 0o004, 0o004, `${file} can be read by others`);
    }
    const programs = (root: string): string[] => readdirSync(join(root, "usr/local/bin"));
    assert.deepEqual(
      programs(image.root)
        .filter((name) => !programs(base.root).includes(name))
        .sort(),
      ["leader-exec", "tini"],
    );
    const documented = Number(/(\d+\.\d) MB more/.exec(page)?.[1]) * 1e6;
    assert.ok(Math.abs(image.bytes - base.bytes - documented) < 2e5, "docs/image.md says what it adds");
  });

  test("is started by tini as a user that is a number, and says which version it is", () => {
    const { Entrypoint, User, StopSignal, Labels } = image.config;
    assert.deepEqual(Entrypoint, ["/opt/leader-exec/bin/tini", "-s", "--", "/opt/leader-exec/bin/leader-exec"]);
    assert.equal(User, "1000:1000");
    assert.equal(StopSignal, "SIGTERM");
    assert.equal(
      Labels?.["org.opencontainers.image.version"],
      version,
      "ARG VERSION in the Dockerfile is package.json's",
    );
    assert.equal(Labels["org.opencontainers.image.licenses"], "Apache-2.0");
  });

  test("prints its help when nothing is asked of it", async (t) => {
    const container = run(t, []);
    assert.equal(await container.ended, 0, container.stderr);
    assert.match(container.stdout, /--enable-leader-election/);
  });

  for (const [who, entrypoint] of [
    ["under tini", [...tini, leaderExec]],
    ["as process 1 itself", [leaderExec]],
  ] as const) {
    test(`${who}: hands on the command's exit code, and 128 + n for a signal`, async (t) => {
      const exits = [
        ["exit 7", 7],
        ["exit 0", 0],
        ["kill -9 $$", 137],
      ] as const;
      for (const [script, code] of exits) {
        const container = run(t, ["--", "sh", "-c", script], { entrypoint });
        assert.equal(await container.ended, code, `${script}: ${container.stderr}`);
      }
    });

    test(`${who}: SIGTERM to the container reaches the command, whose exit code becomes the container's`, async (t) => {
      const script = "trap 'echo asked; exit 3' TERM; echo started; while :; do sleep 0.1; done";
      const container = run(t, ["--", "sh", "-c", script], { entrypoint });
      await container.prints("started");
      await container.kill("TERM");
      assert.equal(await container.ended, 3, container.stderr);
      assert.match(container.stdout, /asked/);
    });

    test(`${who}: kill -9 of leader-exec ends the container with 137 and all that is in it`, async (t) => {
      const container = run(t, family, { entrypoint });
      await container.prints("started");
      const daemon = await container.find(/^sleep 1002/);
      process.kill((await container.find(/^node .*leader-exec/)).pid, "SIGKILL");
      assert.equal(await container.ended, 137, container.stderr);
      assert.throws(() => process.kill(daemon.pid, 0), { code: "ESRCH" });
    });
  }

  test("under tini, orphans are reaped", async (t) => {
    assert.equal(await zombiesOf(run(t, ["--", "sh", "-c", orphans])), 0);
  });

  test("as process 1 itself, leader-exec does not reap orphans, and still ends as it should", async (t) => {
    const container = run(t, ["--", "sh", "-c", orphans], { entrypoint: [leaderExec] });
    assert.equal(await zombiesOf(container), 20);
    await container.kill("TERM");
    assert.equal(await container.ended, 143, container.stderr);
  });

  test("in a pid namespace that it shares with other containers, tini reaps as well", async (t) => {
    const entrypoint = ["/usr/local/bin/node", "-e", "console.log('up'); setInterval(() => {}, 1e6)"];
    const other = run(t, [], { entrypoint });
    await other.prints("up");
    const container = run(t, ["--", "sh", "-c", orphans], { pidNamespaceOf: await other.init() });
    assert.equal(await zombiesOf(container), 0);
    assert.doesNotMatch(container.stderr, /tini/i, "it does not complain");
    await container.kill("TERM");
    assert.equal(await container.ended, 143, container.stderr);
  });

  test("when the command ends, so does what it started, while the container lives on", async (t) => {
    const container = run(t, family, { entrypoint: livesOn });
    await container.prints("started");
    await container.find(/^sleep 1002/);
    process.kill((await container.find(/^sh -c sleep 1001/)).pid, "SIGKILL");
    await familyGone(container);
    assert.match(container.stdout, /ended 137/);
  });

  test("when leader-exec is killed, its guard kills the command and what it started, while the container lives on", async (t) => {
    const container = run(t, family, { entrypoint: livesOn });
    await container.prints("started");
    await container.find(/^sleep 1002/);
    process.kill((await container.find(/^node .*leader-exec/)).pid, "SIGKILL");
    await familyGone(container);
    assert.match(container.stdout, /ended 137/);
  });

  test("with --guard off, and only then, the command survives a killed leader-exec", async (t) => {
    const container = run(t, ["--guard", "off", ...family], { entrypoint: livesOn });
    await container.prints("started");
    await container.find(/^sleep 1002/);
    process.kill((await container.find(/^node .*leader-exec/)).pid, "SIGKILL");
    await container.prints("ended 137");
    await container.find(/^sleep 1001/);
    await container.find(/^sleep 1002/);
  });

  test("a /proc that hides other users' processes is enough", async (t) => {
    const container = run(t, family, { entrypoint: livesOn, proc: ["hidepid=2"] });
    await container.prints("started");
    await container.find(/^sleep 1002/);
    process.kill((await container.find(/^sh -c sleep 1001/)).pid, "SIGKILL");
    await familyGone(container);
  });

  test("needs no shell, no file to write, no capability and no unusual system call", async (t) => {
    const script = `
      const fs = require("node:fs");
      const status = fs.readFileSync("/proc/self/status", "utf8");
      const shell = require("node:child_process").spawnSync("sh").error?.code;
      let writes;
      try { fs.writeFileSync("/tmp/file", "") } catch (error) { writes = error.code }
      const field = (name) => new RegExp("^" + name + ":\\\\s*(\\\\S+)", "m").exec(status)[1];
      console.log(JSON.stringify({ uid: process.getuid(), shell, writes, caps: field("CapEff"), noNew: field("NoNewPrivs"), filter: field("Seccomp") }));
    `;
    const container = run(t, ["--", "node", "-e", script], { hidden: ["/usr/bin/dash", "/usr/bin/bash"] });
    assert.equal(await container.ended, 0, container.stderr);
    const seen: unknown = JSON.parse(container.stdout);
    assert.deepEqual(seen, {
      uid: 1000,
      shell: "EACCES",
      writes: "EROFS",
      caps: "0000000000000000",
      noNew: "1",
      filter: "2",
    });
  });

  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const idle = ["node", "-e", "console.log('up'); setInterval(() => {}, 1e6)"];

  test("costs little memory beside the command", async (t) => {
    const alone = run(t, idle, { entrypoint: tini });
    const wrapped = run(t, ["--", ...idle]);
    for (const container of [alone, wrapped]) await container.prints("up");
    await wrapped.find(/^lease-guard/);
    const [own, all] = [await alone.memory(), await wrapped.memory()];
    t.diagnostic(`a container with a Node command gains ${mebibytes(all - own)} over ${mebibytes(own)}`);
    assert.ok(all - own < 60 * 2 ** 20);
  });

  test("answers probes and Prometheus in its own network, which costs little memory", async (t) => {
    const both = ["--health-probe-bind-address=:8081", "--metrics-bind-address=:8080"];
    const folder = engine().at("asked");
    mkdirSync(folder);
    chownSync(folder, 1000, 1000);
    const start = (name: string, args: readonly string[]): Container =>
      run(t, [...electing, "--lease-name", name, ...args, "--", ...idle], { volumes: { "/var/lib/lease": folder } });
    const [silent, asked] = [start("silent", []), start("asked", both)];
    for (const container of [silent, asked]) await container.prints("up");
    for (let times = 0; times < 3; times++) {
      assert.equal(await asked.ask("http://127.0.0.1:8081/healthz"), "200 ok\n\n");
      assert.equal(await asked.ask("http://127.0.0.1:8081/readyz"), "200 ok\n\n");
      const metrics = await asked.ask("http://127.0.0.1:8080/metrics");
      assert.match(metrics, /^200 [^]*^leader_election_master_status\{name="asked"\} 1$/m);
    }
    const [without, withBoth] = [await silent.memory(), await asked.memory()];
    t.diagnostic(`containers: ${mebibytes(without)} without both addresses, ${mebibytes(withBoth)} with them`);
    for (const [name, container] of [
      ["without", silent],
      ["with", asked],
    ] as const) {
      const { pid } = await container.find(leading);
      t.diagnostic(
        `leader-exec ${name} them: RSS ${mebibytes(rollup(pid, "Rss"))}, PSS ${mebibytes(rollup(pid, "Pss"))}`,
      );
    }
    assert.ok(withBoth - without < 40 * 2 ** 20);
  });

  test("containers that share a volume elect: hand-over in order, take-over after a crash, one command at a time", async (t) => {
    const folder = engine().at("lease");
    mkdirSync(folder);
    chownSync(folder, 1000, 1000);
    const candidate = (): Container =>
      run(t, [...electing, "--", "node", "-e", worker], { volumes: { "/var/lib/lease": folder } });
    const time = (container: Container, what: "start" | "stop"): number =>
      Number(new RegExp(`^${what} (\\d+)$`, "m").exec(container.stdout)?.[1]) / 1e6;

    const first = candidate();
    await first.prints("start");
    const second = candidate();
    await second.logs(/standing by: .* is the holder/);
    await first.kill("TERM");
    assert.equal(await first.ended, 0, first.stderr);
    await second.prints("start");
    const handOver = time(second, "start") - time(first, "stop");
    assert.ok(handOver > 0, "the second command starts after the end of the first");

    const third = candidate();
    await third.logs(/standing by: .* is the holder/);
    const killed = Number(process.hrtime.bigint()) / 1e6;
    await second.kill("KILL");
    assert.equal(await second.ended, 137);
    await third.prints("start");
    const takeOver = time(third, "start") - killed;
    await third.kill("TERM");
    assert.equal(await third.ended, 0, third.stderr);
    t.diagnostic(
      `hand-over ${handOver.toFixed(0)} ms; take-over ${takeOver.toFixed(0)} ms after a crash, lease of 5 s`,
    );
  });

  test("runs the demo: three candidates in one container, two take-overs, never two commands at once", async (t) => {
    const container = run(t, [], {
      entrypoint: [...tini, "node", "/opt/leader-exec/examples/demo.mjs"],
      volumes: { "/opt/leader-exec/examples": join(repository, "examples") },
      env: ["TMPDIR=/dev/shm"],
    });
    assert.equal(await container.ended, 0, container.stdout + container.stderr);
    t.diagnostic(container.stdout.trimEnd());
  });

  test("can be taken into another Node image by one COPY, as docs/image.md says", async (t) => {
    const snippet = /```dockerfile\n(.*?)```/s.exec(page)?.[1] ?? "";
    mkdirSync(engine().at("app"));
    writeFileSync(engine().at("app", "Dockerfile"), snippet);
    writeFileSync(engine().at("app", "worker.js"), "console.log(`worker ${process.argv[2]}`); process.exitCode = 5;");
    const own = await engine().build("my-worker", engine().at("app"), engine().at("app", "Dockerfile"));

    const container = new Container(t, engine(), own, ["--", "node", "/app/worker.js", "works"]);
    assert.equal(await container.ended, 5, container.stderr);
    assert.equal(container.stdout, "worker works\n");
  });
});

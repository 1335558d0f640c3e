import assert from "node:assert/strict";
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test, type TestContext } from "node:test";
import { Container } from "./container.ts";
import type { Image } from "./engine.ts";
import type { ContainerOptions } from "./spec.ts";
import { describeWithEngine } from "./with-engine.ts";

const repository = join(import.meta.dirname, "..", "..");
const foreign = join(import.meta.dirname, "foreign");
const page = readFileSync(join(repository, "docs", "image.md"), "utf8");
/** Where the pod's volume is mounted: not where the directory was made, nor where it was copied to. */
const place = "/any where/le";
const tini = [`${place}/bin/tini`, "-s", "--"];
const leaderExec = `${place}/bin/leader-exec`;
const node = `${place}/bin/node`;
const leading = /\/bin\/leader-exec\.cjs --enable/;

const timing = "--lease-duration 20s --renew-deadline 2s --retry-period 500ms --kill-after 1s".split(" ");
const electing = ["--enable-leader-election", "--lease-store", "file:/var/lib/lease", ...timing];

/** The container lives on when leader-exec has ended, so that what it left behind would be seen; there may be no shell. */
const livesOn = `
  require("node:child_process").spawn(${JSON.stringify(leaderExec)}, process.argv.slice(1), { stdio: "inherit" })
    .on("exit", (code, signal) => console.log("ended " + (signal ?? code)));
  setInterval(() => undefined, 1e6);
`;

describeWithEngine("the image that carries its own Node", (engine) => {
  let image: Image;
  /** The volume that an init container of it has filled. */
  let volume: string;
  before(async () => {
    const start = performance.now();
    image = await engine().build("standalone", repository, join(repository, "Dockerfile"), "standalone");
    console.log(
      `image with its own Node: built in ${((performance.now() - start) / 1000).toFixed(1)} s; ${image.bytes} bytes`,
    );
    volume = emptyDir("copied");
  });

  /** As the kubelet makes one: everybody may write to it. */
  function emptyDir(name: string): string {
    const folder = engine().at(name);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    return folder;
  }

  test("holds one directory, owned by root and open to every user, and nothing else", () => {
    assert.deepEqual(readdirSync(image.root), ["opt"]);
    assert.deepEqual(readdirSync(join(image.root, "opt")), ["leader-exec"]);
    for (const file of readdirSync(image.root, { recursive: true, encoding: "utf8" })) {
      const { uid, gid, mode } = lstatSync(join(image.root, file));
      assert.equal(`${uid}:${gid}`, "0:0", file);
      assert.equal(mode & 0o026, 0o004, `${file} can be read and not changed by others`);
    }
    assert.equal(image.config.User, "1000:1000");
    assert.equal(image.config.Labels?.["org.opencontainers.image.licenses"], "Apache-2.0");
    const documented = Number(/(\d+) MB in all/.exec(page)?.[1]) * 1e6;
    assert.ok(Math.abs(image.bytes - documented) < 2e6, `docs/image.md says how large it is: ${image.bytes} bytes`);
  });

  test("an init container of it copies the directory into a volume, and again after a crash, with no shell", async (t) => {
    for (const time of ["first", "second"]) {
      const init = new Container(t, engine(), image, ["/target"], { volumes: { "/target": volume } });
      assert.equal(await init.ended, 0, `the ${time} time: ${init.stderr}`);
      assert.match(init.stdout, /^copied leader-exec and its Node v\d+\.\d+\.\d+ to \/target \(\d+ MB\)\n$/);
    }
    const list = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
    assert.deepEqual(list(volume), list(join(image.root, "opt/leader-exec")));
  });

  test("says what is wrong when there is nowhere to copy to", async (t) => {
    const init = new Container(t, engine(), image, ["/target"]);
    assert.equal(await init.ended, 125);
    assert.match(
      init.stderr,
      /^cannot copy \/opt\/leader-exec to \/target: .*; mount a volume there that this user \(1000\) may write to\n$/,
    );
    const none = new Container(t, engine(), image, []);
    assert.equal(await none.ended, 64);
    assert.match(none.stderr, /^usage: copy-to FOLDER: /);
  });

  for (const target of ["debian", "alpine", "distroless"]) {
    describe(`in an image like ${target}, without Node`, () => {
      let other: Image;
      before(async () => {
        other = await engine().build(target, foreign, join(foreign, "Dockerfile"), target);
      });
      const run = (t: TestContext, args: readonly string[], options: ContainerOptions): Container =>
        new Container(t, engine(), other, args, { ...options, volumes: { [place]: volume, ...options.volumes } });

      test("leads, hands its environment, arguments and signals on, and releases", async (t) => {
        const folder = emptyDir(`lease-${target}`);
        chownSync(folder, 1000, 1000);
        const volumes = { "/var/lib/lease": folder };
        const env = ["LD_LIBRARY_PATH=/nowhere", "OF_OURS=1"];
        const container = run(t, [...electing, "--", "/bin/worker", "an argument"], {
          entrypoint: [...tini, leaderExec],
          volumes,
          env,
        });
        await container.prints("started with 1 arguments, the last is an argument");
        const others = container.stdout.split("\n").filter((line) => !/^(PATH=|HOME=|started |$)/.test(line));
        assert.deepEqual(others.sort(), env, "nothing of ours gets into the command's environment");
        const [leader, guard] = [await container.find(leading), await container.find(/^lease-guard/)];
        assert.ok(leader.commandLine.startsWith(`${node} ${leaderExec}.cjs --enable`), leader.commandLine);
        assert.equal(guard.parent, leader.pid);
        const standby = run(t, [...electing, "--", "/bin/worker"], { entrypoint: [leaderExec], volumes });
        await standby.logs(/standing by: .* is the holder/);

        await container.kill("TERM");
        assert.equal(await container.ended, 3, container.stderr);
        assert.match(container.stdout, /asked/);
        await standby.prints("started with 0 arguments");
        await standby.kill("TERM");
        assert.equal(await standby.ended, 3, standby.stderr);
      });

      test("kill -9 of leader-exec: its guard kills the command and has the Lease released", async (t) => {
        const folder = emptyDir(`killed-${target}`);
        chownSync(folder, 1000, 1000);
        const container = run(t, [...electing, "--", "/bin/worker"], {
          entrypoint: [...tini, node, "-e", livesOn, "--"],
          volumes: { "/var/lib/lease": folder },
        });
        await container.prints("started");
        const worker = await container.find(/^\/bin\/worker/);
        process.kill((await container.find(leading)).pid, "SIGKILL");
        await container.logs(/died, and its guard has killed all that it ran and released the Lease/);
        await container.prints("ended SIGKILL");
        assert.throws(() => process.kill(worker.pid, 0), { code: "ESRCH" });
      });

      test("finds names in /etc/hosts, and starts itself by process.execPath", async (t) => {
        const hosts = engine().at(`hosts-${target}`);
        writeFileSync(hosts, "192.0.2.7 api.example\n");
        chmodSync(hosts, 0o644);
        const script = `
          const again = require("node:child_process").execFileSync(process.execPath, ["-p", "6 * 7"], { encoding: "utf8" });
          require("node:dns").lookup("api.example", (error, address) => console.log(error ?? address, process.execPath, again));
        `;
        const container = run(t, ["-e", script], { entrypoint: [node], volumes: { "/etc/hosts": hosts } });
        assert.equal(await container.ended, 0, container.stderr);
        assert.equal(container.stdout, `192.0.2.7 ${node} 42\n\n`);
      });
    });
  }
});

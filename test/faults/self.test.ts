import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { leaseSpan } from "../support/candidate.ts";
import { until } from "../lab/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { filePlace } from "./place.ts";
import { findProbe, probeIsRequired } from "./probe.ts";
import { Scene } from "./scene.ts";

const probe = await findProbe();
const options = probe.kind === "missing" && !probeIsRequired() ? { skip: probe.reason } : {};

/** The fault suite finds what it is there to find: each protection is taken away once. */
test("with --guard off the suite sees the command that outlives a killed holder", options, async (t) => {
  const scene = sceneFor(t);
  const holder = scene.start({ args: ["--guard", "off"] });
  const orphan = await scene.settles();
  t.after(() => killProbe(orphan.pid));
  const standby = scene.start();
  await standby.says(/^standing by/);
  holder.kill("SIGKILL");
  await scene.oracle.start(2);
  await until("the orphan lives beside it", () => scene.oracle.overlaps().length >= 2);
  await assert.rejects(scene.verify(), /found the lock of another command taken[^]*before the last sign of life/);
});

test("with --guard off the suite sees the command of a frozen holder outlive its lease", options, async (t) => {
  const scene = sceneFor(t);
  const holder = scene.start({ args: ["--guard", "off"] });
  const life = await scene.settles();
  t.after(() => killProbe(life.pid));
  holder.kill("SIGSTOP");
  await pause(leaseSpan + 700); // longer than its lease; nobody contends, so only the margin can tell
  holder.kill("SIGCONT");
  await scene.oracle.gone(life.identity);
  await assert.rejects(scene.verify(), /a command lived \d+ ms longer than its lease/);
});

test("a candidate that is given another clock sees no other one", options, async (t) => {
  const clock = new FakeClock(t, 0.5);
  clock.stepWall(86_400_000);
  const program = `
    const { openSync, readSync } = require("node:fs");
    const file = openSync("/proc/uptime", "r"), buffer = Buffer.alloc(64);
    const look = () => [readSync(file, buffer, 0, 64, 0) && parseFloat(buffer) * 1000, performance.now(), Date.now()];
    const first = look(), wall = Date.now();
    while (performance.now() < first[1] + 300);
    console.log(JSON.stringify([wall, ...look().map((now, nth) => now - first[nth])]));`;
  const wall = Date.now();
  const began = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", program], { env: clock.env });
  const took = performance.now() - began;
  const [faked = 0, ...spans] = JSON.parse(stdout) as number[];
  assert.ok(faked - wall > 86_000_000, "it is tomorrow");
  for (const span of spans)
    assert.ok(span >= 290 && span < took * 0.5 + 20, `${span} ms for it are twice as long for us`);
});

function sceneFor(t: TestContext): Scene {
  if (probe.kind === "missing") throw new Error(probe.reason);
  return new Scene(t, filePlace(t), probe.path);
}

function killProbe(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ESRCH", "it is gone");
  }
}

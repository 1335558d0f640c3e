import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { leaseSpan } from "../support/candidate.ts";
import { until } from "../lab/index.ts";
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

/**
 * Spin searches all runs of lease.pml: the real rule has none with two commands, and each wrong rule has one. Needs spin and gcc
 * (Debian packages of these names, and libc6-dev); without them the tests are skipped, and fail with CI=true.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const model = fileURLToPath(new URL("lease.pml", import.meta.url));
/** Four acquisitions, renewals and releases in any order. */
const writes = "-DWRITES=5";

const mutants: Readonly<Record<string, string>> = {
  M_ANSWER: "validity counts from the answer",
  M_EXPIRY: "dead exactly at expiry",
  M_READ: "the command starts on a read of our own name",
  M_EARLY: "released before the tree is dead",
  M_BLIND: "released on a version freshly read, without looking at the holder",
  M_LATE: "a late answer of an earlier term is accepted",
  M_SHORT: "a standby waits its own, shorter duration",
};

interface Found {
  readonly overlap: boolean;
  readonly complete: boolean;
  readonly states: number;
  readonly seconds: number;
}

const missing = (await Promise.all(["spin", "gcc"].map(lacks))).filter((name) => name !== null);
const skip =
  missing.length > 0 && process.env["CI"] !== "true"
    ? `NOT MODEL-CHECKED: ${missing.join(" and ")} missing; apt-get install spin gcc libc6-dev`
    : false;

void test("the real rule never has two commands, in any run of the model", { skip }, async () => {
  const { overlap, complete, states, seconds } = await search([writes]);
  assert.equal(overlap, false, "spin found a run with two commands");
  assert.ok(complete, "the search was not exhaustive");
  assert.ok(states > 1_000_000, `only ${states} states: the model has lost its choices`);
  console.log(`model: real rule, ${states} states, ${seconds.toFixed(1)} s, no run with two commands`);
});

for (const [define, name] of Object.entries(mutants)) {
  void test(`a run with two commands is found when ${name}`, { skip }, async () => {
    const { overlap, states } = await search([writes, `-D${define}`]);
    assert.ok(overlap, `no run with two commands in ${states} states: the model is blind`);
    console.log(`model: ${name}: found after ${states} states`);
  });
}

/** Generates the verifier, compiles and runs it: depth-first, without partial-order reduction, at most 2 GB. */
async function search(defines: readonly string[]): Promise<Found> {
  const folder = await mkdtemp(join(tmpdir(), "leader-exec-model-"));
  try {
    await run(folder, "spin", ["-a", ...defines, model]);
    await run(folder, "gcc", ["-O2", "-w", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=2000", "-o", "pan", "pan.c"]);
    const began = performance.now();
    const report = await run(folder, join(folder, "pan"), ["-E", "-m100000"]);
    return {
      overlap: report.includes("assertion violated"),
      complete: !/Search not completed|max search depth too small|out of memory|aborted/.test(report),
      states: Number(/(\d+) states, stored/.exec(report)?.[1] ?? 0),
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(folder: string, program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: folder, timeout: 300_000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} failed: ${error.message}\n${stdout}\n${stderr}`));
    });
  });
}

function lacks(program: string): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, [program === "spin" ? "-V" : "--version"], (error) => resolve(error === null ? null : program));
  });
}

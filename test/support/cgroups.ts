/** Facts about cgroups that tests look up themselves, and a cgroup for a test. Linux. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ownCgroup } from "../../src/io/cgroup-place.ts";
import { until } from "./processes.ts";

let home: string | null = null;
let reason = "";
try {
  home = ownCgroup();
  const trial = join(home, `test-${process.pid}`);
  mkdirSync(trial);
  if (!existsSync(join(trial, "cgroup.kill"))) throw new Error("no cgroup.kill, which came with Linux 5.14");
  rmdirSync(trial);
} catch (error) {
  home = null;
  reason = `NOT TESTED: this test needs a writable cgroup v2, and there is none here: ${String(error)}`;
}

/** The folder of the tests' own cgroup, below which they may make others; null skips the test, and says so. */
export function homeOrSkip(t: TestContext): string | null {
  if (home === null) t.skip(reason);
  return home;
}

let made = 0;

/** A cgroup of its own for a test, removed after it. */
export function newCgroup(t: TestContext, above: string): string {
  const folder = join(above, `test-${process.pid}-${made++}`);
  mkdirSync(folder);
  t.after(async () => {
    await until(
      () => !/^populated 1$/m.test(readFileSync(join(folder, "cgroup.events"), "utf8")),
      `${folder} is empty`,
    );
    removeAll(folder);
  });
  return folder;
}

function removeAll(folder: string): void {
  for (const name of below(folder)) removeAll(join(folder, name));
  rmdirSync(folder);
}

/** Names of the cgroups in a cgroup. */
export function below(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** The path of a process' cgroup, as the kernel says it. */
export function cgroupOf(pid: number): string {
  return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] ?? "";
}

/** What a machine can run short of. On the file store: the store has no part in it. */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../lab/index.ts";
import { folderOf } from "../support/candidate.ts";
import { cgroupOf } from "../support/cgroups.ts";
import { Cgroup, cgroupTrouble } from "./cgroup.ts";
import { fault } from "./fault.ts";
import { filePlace } from "./place.ts";
import { guardsOf, leaseSpan, randomMoment } from "./processes.ts";
import type { Cast, Scene } from "./scene.ts";
import { lookAfter, trio } from "./trio.ts";
import { killWithGuard } from "../support/crash.ts";

const few = { parallel: 2 };
const alone = { parallel: 1 };
const trouble = cgroupTrouble();

/** A holder with a standby behind it. */
async function holderAndStandby(scene: Scene, cast: Cast = {}, next: Cast = {}) {
  const holder = scene.start(cast);
  const life = await scene.settles();
  const standby = scene.start(next);
  await standby.says(/^standing by/);
  await randomMoment();
  return { holder, life, standby };
}

if (trouble !== null) {
  test("faults of limits", { skip: trouble });
} else {
  describe("faults of limits", () => {
    fault(
      "resources: 5 % of a processor for the holder, its guard and its command, then SIGSTOP of the holder",
      filePlace,
      async (scene, _run, t) => {
        const { holder, life } = await holderAndStandby(scene);
        const group = new Cgroup(t, "cpu");
        group.set("cpu.cfs_quota_us", 5_000);
        group.take([holder.pid, life.pid, ...guardsOf(holder)]);
        await pause(leaseSpan);
        const lives = (): boolean => scene.oracle.running().some(({ pid }) => pid === life.pid);
        scene.notes.push(lives() ? "command lived on until SIGSTOP" : "lost before SIGSTOP");
        const since = lives() ? scene.oracle.now() : (scene.oracle.trees()[0]?.last ?? 0);
        holder.child.kill("SIGSTOP");
        await scene.oracle.gone(life.identity);
        await scene.recovers(since);
        holder.child.kill("SIGCONT");
        await holder.exited;
      },
      few,
    );

    fault(
      "resources: the next holder may not start one more process",
      filePlace,
      async (scene, _run, t) => {
        const { holder, standby } = await holderAndStandby(scene, { codes: [0] }, { codes: [125] });
        const group = new Cgroup(t, "pids");
        await until("the standby has its guard", () => guardsOf(standby).length > 0);
        group.take([standby.pid, ...guardsOf(standby)]);
        await pause(500); // threads that a start may still bring
        group.set("pids.max", Number(group.read("pids.current")));
        const since = scene.oracle.now();
        holder.kill("SIGTERM");
        scene.notes.push(`ended with ${String(await standby.code())}`);
        scene.start();
        await scene.recovers(since);
      },
      few,
    );
  });
}

describe("faults of resources", () => {
  fault(
    "resources: 50 busy loops",
    filePlace,
    async (scene, _run, t) => {
      const life = await trio(scene);
      const since = scene.oracle.now();
      const busy = Array.from({ length: 50 }, () => spawn("timeout", ["20", "sh", "-c", "while :; do :; done"]));
      t.after(() => busy.map((each) => each.kill()));
      await pause(2 * leaseSpan);
      await lookAfter(scene, life, since);
      const now = await scene.settles();
      const then = scene.oracle.now();
      const frozen = scene.candidateOf(now);
      frozen.kill("SIGSTOP");
      // So slowly does it run that it may have spawned the command, and not be out of the command's cgroup yet.
      const isInside = cgroupOf(frozen.pid).includes("leader-exec-");
      await scene.oracle.gone(now.identity);
      await scene.recovers(then);
      if (isInside && frozen.child.signalCode === "SIGKILL") scene.notes.push("killed with its command");
      else frozen.kill("SIGCONT");
      for (const each of busy) each.kill();
    },
    alone,
  );

  fault(
    "resources: no file descriptor is left for the holder and its guard",
    filePlace,
    async (scene) => {
      const { holder, life } = await holderAndStandby(scene);
      const pids = [holder.pid, ...guardsOf(holder)];
      const limit = (pid: number, most: string): unknown =>
        execFileSync("prlimit", ["--pid", String(pid), `--nofile=${most}`]);
      const since = scene.oracle.now();
      for (const pid of pids) limit(pid, `${firstFree(pid)}:4096`);
      await scene.oracle.gone(life.identity);
      await scene.recovers(since);
      for (const pid of pids.filter((each) => each === holder.pid || guardsOf(holder).includes(each))) {
        limit(pid, "4096:4096");
      }
      await holder.exited;
    },
    few,
  );

  /** Who reads nothing of a pipe, and a disk that is full, must delay nobody. */
  const deaf = (stdio: (t: TestContext) => NonNullable<Cast["stdio"]>, probe: readonly string[]) =>
    async function body(scene: Scene, run: number, t: TestContext): Promise<void> {
      const args = ["--log-level", "debug"];
      const { holder, life } = await holderAndStandby(scene, { stdio: stdio(t), probe, args, codes: [0, 75] });
      holder.child.stdout?.pause();
      holder.child.stderr?.pause();
      await pause(leaseSpan / 2);
      const since = scene.oracle.now();
      holder.kill(run % 2 === 0 ? "SIGTERM" : "SIGKILL");
      await scene.oracle.gone(life.identity);
      await scene.recovers(since);
      holder.child.stdout?.resume();
      holder.child.stderr?.resume();
    };
  fault(
    "resources: stdout and stderr are pipes that are full, nobody reads them",
    filePlace,
    deaf(() => ["ignore", "pipe", "pipe"], ["flood", "1", "flood", "2"]),
    few,
  );
  if (process.getuid?.() === 0) {
    fault(
      "resources: stderr is a file on a disk that is full",
      filePlace,
      deaf((t) => ["ignore", "pipe", fileOnFullDisk(t)], []),
      few,
    );

    fault(
      "resources: the disk of the file store is full, or read-only, for longer than a lease",
      (t) => {
        const disk = smallDisk(t, "1m");
        return { ...filePlace(t, join(disk, "leases")), disk };
      },
      async (scene, run) => {
        const { disk } = scene.place;
        // Who is started meanwhile cannot use the store at all.
        const life = await trio(scene, () => ({ codes: [75, 125] }));
        const remount = (how: string): void => void execFileSync("mount", ["-o", `remount,${how}`, disk]);
        if (run % 2 === 0) fill(disk);
        else remount("ro");
        await scene.oracle.gone(life.identity);
        await pause(leaseSpan);
        const since = scene.oracle.now();
        if (run % 2 === 0) unlinkSync(join(disk, "filler"));
        else remount("rw");
        await scene.recovers(since);
        await scene.settles();
      },
      few,
    );
  }

  fault(
    "resources: 20 Leases on one machine, all holders are killed",
    filePlace,
    async (scene) => {
      scene.supervise();
      scene.supervise();
      await scene.settles();
      await pause(leaseSpan);
      const life = await scene.settles();
      const since = scene.oracle.now();
      scene.candidateOf(life).kill("SIGKILL");
      await scene.oracle.gone(life.identity);
      await scene.recovers(since);
    },
    { parallel: 20 },
  );

  const crowd = (size: number) => async (scene: Scene) => {
    const cast = { codes: [0, 75] };
    const { holder, life } = await holderAndStandby(scene, cast, cast);
    const standbys = Array.from({ length: size - 1 }, () => scene.start(cast));
    await Promise.all(standbys.map((each) => each.says(/^standing by/, 90_000)));
    const first = scene.oracle.now();
    await killWithGuard(holder.pid); // its lease expires for all of them at once
    await scene.oracle.gone(life.identity);
    const next = await scene.recovers(first);
    await pause(leaseSpan);
    const second = scene.oracle.now();
    scene.candidateOf(next).kill("SIGTERM");
    await scene.recovers(second);
  };
  fault("resources: 30 standbys on one Lease, kill -9 of the holder, SIGTERM to the next", filePlace, crowd(30), alone);
  fault(
    "resources: 100 standbys on one Lease, kill -9 of the holder, SIGTERM to the next",
    filePlace,
    crowd(100),
    alone,
  );
});

/** The lowest descriptor that a process has free: as its limit it leaves none. */
function firstFree(pid: number): number {
  const taken = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (taken.has(free)) free++;
  return free;
}

/** Mounted for this test alone. */
function smallDisk(t: TestContext, size: string): string {
  const folder = folderOf(t);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "fault", folder]);
  t.after(() => execFileSync("umount", ["--lazy", folder]));
  return folder;
}

/** From now on what is written there fails with ENOSPC, until the file `filler` is removed. */
function fill(disk: string): void {
  const filler = openSync(join(disk, "filler"), "w");
  try {
    for (;;) writeSync(filler, Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    closeSync(filler);
  }
}

function fileOnFullDisk(t: TestContext): number {
  const disk = smallDisk(t, "64k");
  const log = openSync(join(disk, "log"), "a");
  t.after(() => closeSync(log));
  fill(disk);
  return log;
}

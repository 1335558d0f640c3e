/** What commands do that makes them hard to stop. On the file store: the store has no part in it. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { describe } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../lab/index.ts";
import { folderOf } from "../support/candidate.ts";
import { fault } from "./fault.ts";
import { filePlace } from "./place.ts";
import type { Cast, Scene } from "./scene.ts";

const few = { parallel: 3 };

/** A holder with this command, and a standby behind it. */
async function holderAndStandby(scene: Scene, cast: Cast) {
  const holder = scene.start(cast);
  const life = await scene.settles();
  const standby = scene.start();
  await standby.says(/^standing by/);
  return { holder, life };
}

describe("faults of commands", () => {
  const ends: readonly (readonly [probe: readonly string[], code: number])[] = [
    [["exit", "0"], 0],
    [["exit", "1"], 1],
    [["exit", "255"], 255],
    ...[6, 9, 11, 15].map((signal) => [["die", String(signal)], 128 + signal] as const),
  ];
  fault(
    "command: ends at once with 0, 1, 255, dies of 6, 9, 11, 15",
    filePlace,
    async (scene, run) => {
      const [probe, code] = ends[run % ends.length] ?? [[], 0];
      const first = scene.start({ probe: ["for", "0", ...probe], codes: [code] });
      assert.equal(await first.code(), code);
      const since = scene.oracle.now();
      scene.start();
      await scene.recovers(since);
    },
    few,
  );

  const places = ["group", "pgrp", "session"];
  fault(
    "command: ends and leaves a process in its group, in another group, in another session",
    filePlace,
    async (scene, run) => {
      const probe = ["child", places[run % places.length] ?? "group", "for", "1000", "exit", "3"];
      const { holder, life } = await holderAndStandby(scene, { probe, codes: [3] });
      assert.equal(await holder.code(), 3);
      await scene.recovers(life.last);
    },
    few,
  );

  fault(
    "command: kill -9 of the holder whose command has processes in its group, in another group, in another session",
    filePlace,
    async (scene) => {
      const probe = places.flatMap((where) => ["child", where]);
      const { holder, life } = await holderAndStandby(scene, { probe });
      await pause(50);
      const since = scene.oracle.now();
      holder.kill("SIGKILL");
      await scene.oracle.gone(life.identity);
      await scene.recovers(since);
    },
    few,
  );

  const deaths = ["its end", "kill -9 of the holder", "SIGTERM"] as const;
  fault(
    "command: a process that forks every 3 ms, each time in a new session, while it is killed",
    filePlace,
    async (scene, run) => {
      const death = deaths[run % deaths.length] ?? "SIGTERM";
      // Nobody renews after kill -9: there it must not go on for longer than the lease.
      const times = death === "kill -9 of the holder" ? "500" : "1500";
      const probe = ["moving", times, ...(death === "its end" ? ["for", "800"] : [])];
      const { holder } = await holderAndStandby(scene, { probe, codes: [0] });
      const since = scene.oracle.now();
      if (death === "kill -9 of the holder") holder.kill("SIGKILL");
      if (death === "SIGTERM") holder.kill("SIGTERM");
      const next = await scene.recovers(since);
      const [first] = scene.oracle.trees();
      scene.notes.push(`after ${death} caught in generation ${first?.lives.length ?? 0}`);
      assert.ok(first !== undefined && first.last < next.first);
    },
    few,
  );

  const cleanups = [1_700, 2_600];
  fault(
    "command: cleans up for a little less, and for more, than its grace",
    filePlace,
    async (scene, run) => {
      const cleanup = cleanups[run % cleanups.length] ?? 0;
      const code = cleanup < 2_000 ? 0 : 137;
      const { holder } = await holderAndStandby(scene, { probe: ["cleanup", String(cleanup)], codes: [0, code] });
      holder.kill("SIGTERM");
      const ended = await holder.code();
      if (cleanup > 2_000) assert.equal(ended, 137);
      const since = scene.oracle.trees()[0]?.last ?? 0;
      await scene.recovers(since);
    },
    few,
  );

  fault(
    "command: npm run, then SIGTERM, kill -9 of the holder",
    filePlace,
    async (scene, run, t) => {
      const folder = folderOf(t);
      const job = [scene.probe, scene.oracle.journal, scene.oracle.lock].join(" ");
      writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "worker", scripts: { job } }));
      const command = ["npm", "--prefix", folder, "--silent", "run", "job"];
      const holder = scene.start({ command, codes: [0, 143] });
      const life = await scene.settles();
      const standby = scene.start();
      await standby.says(/^standing by/);
      const since = scene.oracle.now();
      holder.kill(run % 2 === 0 ? "SIGTERM" : "SIGKILL");
      await scene.oracle.gone(life.identity);
      await scene.recovers(since);
      await holder.exited;
    },
    few,
  );

  fault(
    "command: in a terminal, Ctrl-C once, twice",
    filePlace,
    async (scene, run) => {
      const twice = run % 2 === 1;
      const holder = scene.start({
        through: ["bash", "-c", 'exec script -qefc "exec $(printf "%q " "$@")" /dev/null', "bash"],
        stdio: ["pipe", "pipe", "pipe"],
        probe: twice ? ["ignore", "1"] : ["cleanup", "100"],
        codes: [twice ? 137 : 0],
      });
      const life = await scene.settles();
      await scene.start().says(/^standing by/);
      const since = scene.oracle.now();
      const press = (): unknown => holder.child.stdin?.write("\u0003");
      press();
      if (twice) {
        await until("the command hears of it", () => scene.oracle.roots()[0]?.signals.includes(2));
        await pause(1_100);
        press();
      }
      await scene.oracle.gone(life.identity);
      await scene.recovers(since);
      await holder.exited;
    },
    few,
  );

  const pairs = ["SIGINT", "SIGHUP", "SIGQUIT"] as const;
  fault(
    "command: SIGINT, SIGHUP, SIGQUIT twice",
    filePlace,
    async (scene, run) => {
      const signal = pairs[run % pairs.length] ?? "SIGINT";
      const { holder, life } = await holderAndStandby(scene, { probe: ["ignore", "1"], codes: [137] });
      const heard = (times: number): Promise<true> =>
        until(
          `${signal} reaches the command, ${times}`,
          () =>
            (scene.oracle.roots()[0]?.signals.filter((each) => each === constants.signals[signal]).length ?? 0) >=
              times || undefined,
        );
      holder.kill(signal);
      await heard(1);
      await pause(1_100);
      holder.kill(signal);
      if (signal === "SIGINT") {
        const since = scene.oracle.now();
        assert.equal(await holder.code(), 137);
        await scene.recovers(since);
      } else {
        await heard(2);
        const now = await scene.settles();
        if (now.pid === life.pid) scene.notes.push(`lived on after ${signal}`);
      }
    },
    few,
  );
});

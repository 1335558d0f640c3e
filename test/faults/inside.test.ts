/** What can go wrong inside leader-exec itself. On the file store: the store has no part in it. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { folderOf } from "../support/candidate.ts";
import { fault } from "./fault.ts";
import { filePlace } from "./place.ts";
import { leaseSpan, randomMoment } from "./processes.ts";
import type { Scene } from "./scene.ts";

const few = { parallel: 3 };
const sabotage = { NODE_OPTIONS: `--require=${join(import.meta.dirname, "sabotage.cjs")}` };
const internalError = 125;

/** A holder that can be given an order, and a standby. */
async function holderAndStandby(scene: Scene, t: TestContext, codes: readonly number[]) {
  const order = join(folderOf(t), "order");
  const holder = scene.start({ env: { ...sabotage, FAULT_ORDER: order }, codes });
  const life = await scene.settles();
  await scene.start().says(/^standing by/);
  await randomMoment();
  const give = (text: string): void => {
    writeFileSync(`${order}.new`, text);
    renameSync(`${order}.new`, order);
  };
  return { holder, life, give };
}

describe("faults inside leader-exec", { concurrency: 3 }, () => {
  fault(
    "inside: the event loop is blocked for two leases",
    filePlace,
    async (scene, _run, t) => {
      const { holder, life, give } = await holderAndStandby(scene, t, [75]);
      const since = scene.oracle.now();
      give(`block ${2 * leaseSpan}`);
      await scene.oracle.gone(life.identity);
      await scene.recovers(since);
      await holder.exited;
    },
    few,
  );

  fault(
    "inside: an uncaught exception, a rejection, at a random moment of the holder",
    filePlace,
    async (scene, run, t) => {
      const { holder, life, give } = await holderAndStandby(scene, t, [internalError]);
      const since = scene.oracle.now();
      give(run % 2 === 0 ? "throw" : "reject");
      await holder.exited;
      await scene.oracle.gone(life.identity);
      await scene.recovers(since);
    },
    few,
  );

  fault(
    "inside: an uncaught exception at a random moment of the start",
    filePlace,
    async (scene) => {
      const delay = String(Math.round(Math.random() * 400));
      const first = scene.start({ env: { ...sabotage, FAULT_THROW_AFTER: delay }, codes: [1, internalError] });
      await first.exited;
      const since = scene.oracle.now();
      await pause(20);
      scene.start();
      await scene.recovers(since);
    },
    few,
  );
});

/** What can happen to the processes of a holder. The same rules for both stores. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { TestContext } from "node:test";
import { until } from "../lab/index.ts";
import { fault } from "./fault.ts";
import type { Place } from "./place.ts";
import { killWithGuard } from "../support/crash.ts";
import { killAll } from "../support/processes.ts";
import { guardsOf, leaseSpan, newGuard, randomMoment } from "./processes.ts";
import type { Cast, Scene } from "./scene.ts";

/** A holder with a standby behind it, at a random moment between two renewals. */
async function holderAndStandby(scene: Scene, cast: Cast = {}) {
  const holder = scene.start(cast);
  const life = await scene.settles();
  const standby = scene.start(cast);
  await standby.says(/^standing by/);
  await randomMoment();
  return { holder, life, standby };
}

/** How long a candidate takes from its start to its command; the last one that was seen. */
let startTakes = 300;

/** A candidate that is met by `strike` at a random moment of its start. */
async function strikeAtStart(scene: Scene, strike: (pid: number) => void): Promise<void> {
  const first = scene.start({ codes: [0, 129, 130, 131, 143] });
  const began = performance.now();
  const delay = (0.3 + 0.8 * Math.random()) * startTakes;
  const started = await Promise.race([pause(delay).then(() => false), scene.oracle.start(1).then(() => true)]);
  if (started) startTakes = (startTakes + performance.now() - began) / 2;
  strike(first.pid);
  await first.exited; // and nothing that it started holds its stderr any more
  const since = scene.oracle.now();
  scene.start();
  const next = await scene.recovers(since);
  assert.notEqual(next.parent, first.pid, "the one that was struck starts nothing any more");
}

/** Declares the faults of this kind for Leases of one store. */
export function processFaults(newPlace: (t: TestContext) => Place | Promise<Place>): void {
  fault("process: kill -9 of the holder at a random moment", newPlace, async (scene) => {
    const { holder, life } = await holderAndStandby(scene);
    const since = scene.oracle.now();
    holder.kill("SIGKILL");
    await scene.oracle.gone(life.identity);
    scene.start();
    await scene.recovers(since);
  });

  const longLease = [
    "--lease-duration",
    "15s",
    "--renew-deadline",
    "10s",
    "--retry-period",
    "2s",
    "--kill-after",
    "3s",
  ];
  const inSession = ["child", "session"];
  fault(
    "process: kill -9 of the holder, whose guard releases its lease of 15 s",
    newPlace,
    async (scene) => {
      const { holder, life, standby } = await holderAndStandby(scene, { args: longLease, probe: inSession });
      const since = scene.oracle.now();
      holder.kill("SIGKILL");
      const next = await scene.recovers(since);
      await standby.says(/^acquired the Lease: it was free/);
      const gone = scene.oracle.trees().find(({ identity }) => identity === life.identity)?.last ?? Infinity;
      assert.ok(gone < next.first, "all of its tree is gone before");
    },
    { parallel: 3 },
  );

  fault("process: kill -9 of the holder with its guard and its command: nobody releases", newPlace, async (scene) => {
    const { holder, standby } = await holderAndStandby(scene);
    const since = scene.oracle.now();
    await killWithGuard(holder.pid);
    await scene.recovers(since);
    await standby.says(/^acquired the Lease: its holder let it expire/);
  });

  fault("process: kill -9 between the first request and the command's start", newPlace, (scene) =>
    strikeAtStart(scene, (pid) => process.kill(pid, "SIGKILL")),
  );

  fault("process: kill -9 of the holder together with its command", newPlace, async (scene) => {
    const { holder, life } = await holderAndStandby(scene);
    const since = scene.oracle.now();
    holder.kill("SIGKILL");
    kill(life.pid, "SIGKILL"); // unless the guard was faster
    await scene.recovers(since);
  });

  fault("process: kill -9 of the guard, then of the holder", newPlace, async (scene) => {
    const { holder, life } = await holderAndStandby(scene);
    const [guard = 0] = guardsOf(holder);
    process.kill(guard, "SIGKILL");
    await newGuard(holder, [guard]);
    await pause(300); // it has to start before it can hear of anything
    const since = scene.oracle.now();
    holder.kill("SIGKILL");
    await scene.oracle.gone(life.identity);
    await scene.recovers(since);
  });

  fault("process: kill -9 of each guard that the holder starts", newPlace, async (scene) => {
    const { holder, life } = await holderAndStandby(scene);
    const since = scene.oracle.now();
    // Without a guard nobody would kill its command in its place: it gives the Lease back in time.
    const hunt = setInterval(() => killAll(guardsOf(holder)), 10);
    await holder.exited.finally(() => clearInterval(hunt));
    assert.equal(holder.child.exitCode, 75, holder.stderr);
    await scene.oracle.gone(life.identity);
    await scene.recovers(since);
  });

  const stopped = (share: number) => async (scene: Scene) => {
    const { holder, life } = await holderAndStandby(scene);
    const since = scene.oracle.now();
    holder.kill("SIGSTOP");
    await pause(share * leaseSpan);
    holder.kill("SIGCONT");
    if (share < 1) {
      // Frozen for longer than the renew deadline, not as long as the guard waits: whichever comes, nobody overlaps.
      scene.notes.push(
        scene.oracle.running().some((each) => each.pid === life.pid) ? "command lived on" : "command killed",
      );
    }
    await holder.exited;
    scene.start();
    await scene.recovers(since);
  };
  fault("process: SIGSTOP of the holder for half a lease", newPlace, stopped(0.5));
  fault("process: SIGSTOP of the holder for a whole lease", newPlace, stopped(1));
  fault("process: SIGSTOP of the holder for two leases", newPlace, stopped(2));

  fault("process: SIGSTOP of the holder and its command, for two leases", newPlace, async (scene) => {
    const { holder, life } = await holderAndStandby(scene);
    const since = scene.oracle.now();
    holder.kill("SIGSTOP");
    process.kill(life.pid, "SIGSTOP");
    await scene.oracle.gone(life.identity);
    await scene.recovers(since);
    await pause(leaseSpan);
    holder.kill("SIGCONT");
    await holder.exited;
  });

  fault("process: SIGSTOP of the guard", newPlace, async (scene) => {
    const { holder, life } = await holderAndStandby(scene);
    const [guard = 0] = guardsOf(holder);
    process.kill(guard, "SIGSTOP");
    await newGuard(holder, [guard]);
    await until("the frozen guard is gone", () => !guardsOf(holder).includes(guard));
    assert.equal((await scene.settles()).pid, life.pid, "the command runs on");
  });

  const signals = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const;
  fault(
    "process: SIGTERM, SIGINT, SIGHUP, SIGQUIT between the first request and the command's start",
    newPlace,
    async (scene, run) => {
      const signal = signals[run % signals.length] ?? "SIGTERM";
      const asks = signal === "SIGTERM" || signal === "SIGINT";
      await strikeAtStart(scene, (pid) => {
        process.kill(pid, signal);
        // These two are the command's business once it is there, and no reason to stop.
        if (!asks) void pause(1_500).then(() => kill(pid, "SIGTERM"));
      });
    },
  );

  fault("process: SIGTERM twice in a row", newPlace, async (scene, run) => {
    const holder = scene.start({ probe: ["ignore", "1"], codes: [137] });
    const life = await scene.settles();
    const standby = scene.start();
    await standby.says(/^standing by/);
    holder.kill("SIGTERM");
    await until("the command hears of it", () => life.signals.length > 0 || scene.oracle.roots()[0]?.signals.length);
    await pause(run % 2 === 0 ? 1_100 : 1_400);
    const since = scene.oracle.now();
    holder.kill("SIGTERM");
    assert.deepEqual(await holder.exited, { code: 137, signal: null });
    await scene.recovers(since);
  });
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ESRCH", "it has ended already");
  }
}

/** Clocks that are wrong. Each candidate is as on a machine of its own, its guard on the same; the commands are immune. */
import { describe } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { FakeClock } from "./fake-clock.ts";
import { fault } from "./fault.ts";
import { filePlace } from "./place.ts";
import { guardsOf, leaseSpan, randomMoment } from "./processes.ts";
import type { Scene } from "./scene.ts";
import { lookAfter } from "./trio.ts";
import { killWithGuard } from "../support/crash.ts";

const few = { parallel: 3 };
const day = 86_400_000;

/** A holder and a standby, each with its clock. */
async function holderAndStandby(scene: Scene, holders: FakeClock, standbys: FakeClock) {
  const holder = scene.start({ env: holders.env });
  const life = await scene.settles();
  const standby = scene.start({ env: standbys.env });
  await standby.says(/^standing by/);
  await randomMoment();
  return { holder, life, standby };
}

describe("faults of clocks", { concurrency: 3 }, () => {
  fault(
    "clock: the wall clock of the holder is set a day forward, and back",
    filePlace,
    async (scene, run, t) => {
      const clock = new FakeClock(t);
      const { life } = await holderAndStandby(scene, clock, new FakeClock(t));
      const since = scene.oracle.now();
      for (const step of run % 2 === 0 ? [day, 0, -day] : [-day, 0, day]) {
        clock.stepWall(step);
        await pause(leaseSpan / 2);
      }
      await lookAfter(scene, life, since);
    },
    few,
  );

  fault(
    "clock: the wall clock of a standby is set a day forward, and back, then kill -9 of the holder",
    filePlace,
    async (scene, run, t) => {
      const clock = new FakeClock(t);
      const { life } = await holderAndStandby(scene, new FakeClock(t), clock);
      for (const step of run % 2 === 0 ? [-day, day] : [day, -day]) {
        clock.stepWall(step);
        await pause(leaseSpan / 4);
      }
      const now = await scene.settles();
      if (now.pid === life.pid) scene.notes.push("command lived on");
      const since = scene.oracle.now();
      await killWithGuard(scene.candidateOf(now).pid); // or its lease would be released, and nobody would wait for its end
      await pause(leaseSpan / 4);
      clock.stepWall(run % 2 === 0 ? -day : day); // once more, while it waits for the end of the lease
      await scene.oracle.gone(now.identity);
      scene.start({ env: clock.env });
      await scene.recovers(since);
    },
    few,
  );

  /** The guard kills by the holder's clock, the standby takes over by its own. */
  const rates = (pairs: readonly (readonly [holder: number, standby: number])[]) =>
    async function body(scene: Scene, run: number, t: Parameters<typeof filePlace>[0]): Promise<void> {
      const [ofHolder, ofStandby] = pairs[run % pairs.length] ?? [1, 1];
      scene.fastest = Math.max(1, ofStandby);
      const { holder, life } = await holderAndStandby(scene, new FakeClock(t, ofHolder), new FakeClock(t, ofStandby));
      const since = scene.oracle.now();
      holder.kill("SIGSTOP");
      await scene.oracle.gone(life.identity);
      const next = await scene.recovers(since);
      const dead = scene.oracle.trees()[0]?.last ?? 0;
      scene.notes.push(`${ofHolder}/${ofStandby}: dead ${(next.first - dead).toFixed(0)} ms before the next`);
      holder.kill("SIGCONT");
      await holder.exited;
    };
  fault(
    "clock: rates 1 % apart, SIGSTOP of the holder",
    filePlace,
    rates([
      [0.99, 1],
      [1, 1.01],
      [1.01, 1],
      [1, 0.99],
    ]),
    few,
  );
  fault(
    "clock: rates 5 % and 10 % apart (not promised), SIGSTOP of the holder",
    filePlace,
    rates([
      [0.95, 1],
      [1, 1.05],
      [0.95, 1.05],
    ]),
    few,
  );

  /** What stands still with a machine: leader-exec, its guard, its command. Its clock goes on, CLOCK_MONOTONIC does not. */
  async function sleep(clock: FakeClock, pids: readonly number[], span: number): Promise<void> {
    const since = performance.now();
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    await pause(span);
    clock.slept(performance.now() - since);
    for (const pid of pids) process.kill(pid, "SIGCONT");
  }

  const holderSleeps = (span: number, standbys: number) =>
    async function body(scene: Scene, _run: number, t: Parameters<typeof filePlace>[0]): Promise<void> {
      const clock = new FakeClock(t);
      const holder = scene.start({ env: clock.env });
      const life = await scene.settles();
      if (standbys > 0) await scene.start().says(/^standing by/);
      await randomMoment();
      const since = scene.oracle.now();
      await sleep(clock, [life.pid, holder.pid, ...guardsOf(holder)], span);
      const woken = scene.oracle.now();
      await scene.oracle.gone(life.identity);
      scene.notes.push(`killed ${((scene.oracle.trees()[0]?.last ?? 0) - woken).toFixed(0)} ms after it woke`);
      scene.start();
      await scene.recovers(since);
      await holder.exited;
    };
  // Later than SIGKILL is due, earlier than anybody may take the Lease: a clock that slept too would renew and go on.
  fault(
    "clock: the holder's machine sleeps for a little less than a lease",
    filePlace,
    holderSleeps(leaseSpan - 1_300, 1),
    few,
  );
  // Nobody contends, or it would be two commands: against this there is only the fencing token.
  fault(
    "clock: the holder's machine sleeps for two leases (not promised), nobody else is there",
    filePlace,
    (scene, run, t) => {
      scene.promised = false;
      return holderSleeps(2 * leaseSpan, 0)(scene, run, t);
    },
    few,
  );

  fault(
    "clock: a standby's machine sleeps for two leases",
    filePlace,
    async (scene, _run, t) => {
      const clock = new FakeClock(t);
      const { life, standby } = await holderAndStandby(scene, new FakeClock(t), clock);
      await sleep(clock, [standby.pid, ...guardsOf(standby)], 2 * leaseSpan);
      const since = scene.oracle.now();
      await pause(1_000);
      await lookAfter(scene, life, since);
    },
    few,
  );
});

/** Candidates that are set up in ways nobody should, or that differ from each other. On the file store. */
import { describe } from "node:test";
import { fault } from "./fault.ts";
import { filePlace } from "./place.ts";
import { randomMoment } from "./processes.ts";
import { trio } from "./trio.ts";
import { killWithGuard } from "../support/crash.ts";

const few = { parallel: 3 };

describe("faults of the set-up", () => {
  fault(
    "set-up: all candidates have the same --identity",
    filePlace,
    async (scene) => {
      const life = await trio(scene, () => ({ args: ["--identity", "same"] }));
      await randomMoment();
      const since = scene.oracle.now();
      scene.candidateOf(life).kill("SIGKILL");
      await scene.recovers(since);
    },
    few,
  );

  fault(
    "set-up: the holder is killed and started again at once, alone, with the same --identity",
    filePlace,
    async (scene) => {
      const args = ["--identity", "same"];
      const holder = scene.start({ args });
      const life = await scene.settles();
      await randomMoment();
      const since = scene.oracle.now();
      holder.kill("SIGKILL");
      scene.start({ args });
      await scene.oracle.gone(life.identity);
      await scene.recovers(since);
    },
    few,
  );

  const longer = ["--lease-duration", "8s", "--renew-deadline", "4s", "--retry-period", "1s"];
  fault(
    "set-up: an old and a new configuration contend, and the holder is killed",
    filePlace,
    async (scene, run) => {
      const [first, second] = run % 2 === 0 ? [longer, []] : [[], longer];
      const holder = scene.start({ args: first });
      await scene.settles();
      const standby = scene.start({ args: second });
      await standby.says(/^standing by/);
      await randomMoment();
      const since = scene.oracle.now();
      await killWithGuard(holder.pid); // or its lease would be released, and nobody would wait for its end
      await scene.recovers(since);
    },
    few,
  );

  fault(
    "set-up: five candidates start at the same moment, again and again",
    filePlace,
    async (scene) => {
      for (let round = 1; round <= 3; round++) {
        const all = [0, 1, 2, 3, 4].map(() => scene.start({ codes: [0, 143] }));
        const life = await scene.settles();
        const leader = scene.candidateOf(life);
        for (const each of all) if (each !== leader) each.kill("SIGTERM");
        leader.kill("SIGTERM");
        await Promise.all(all.map(({ exited }) => exited));
      }
    },
    few,
  );
});

/** Faults of connections that need no root: a proxy between each candidate and the API server. */
import { describe } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { describeWithLab, type FaultProxy } from "../lab/index.ts";
import { leaseSpan } from "../support/candidate.ts";
import { fault } from "./fault.ts";
import { serverPlace, type ServerPlace } from "./place.ts";
import { randomMoment } from "./processes.ts";
import type { Scene } from "./scene.ts";
import { lookAfter, trio } from "./trio.ts";

await describeWithLab("faults of connections, through a proxy", (lab) => {
  const newPlace = (): Promise<ServerPlace> => serverPlace(lab(), null);
  const few = { parallel: 3 };

  const candidates = async (scene: Scene & { readonly place: ServerPlace }, codes = [75]) => {
    const proxies = new Map<string, FaultProxy>();
    const ways: (readonly string[])[] = [];
    for (let nth = 0; nth < 3; nth++) {
      const proxy = await lab().proxy();
      const kubeconfig = await scene.place.user.kubeconfig({ server: proxy.url });
      proxies.set(kubeconfig, proxy);
      ways.push(["--kubeconfig", kubeconfig]);
    }
    const life = await trio(scene, (nth) => ({ args: ways[nth] ?? [], codes }));
    const holders = proxies.get(scene.castOf(scene.candidateOf(life)).args?.[1] ?? "");
    if (holders === undefined) throw new Error("the holder has no proxy");
    await randomMoment();
    return { life, holders, all: [...proxies.values()] };
  };

  describe("", { concurrency: 3 }, () => {
    fault(
      "proxy: black hole of the holder, both ways",
      newPlace,
      async (scene) => {
        const { holders } = await candidates(scene);
        const since = scene.oracle.now();
        holders.blackhole();
        await scene.recovers(since);
        await pause(leaseSpan);
        await holders.heal();
        await scene.settles();
      },
      few,
    );

    fault(
      "proxy: answers to the holder come later than its deadline, all at once after two leases",
      newPlace,
      async (scene) => {
        const { holders } = await candidates(scene);
        const since = scene.oracle.now();
        holders.hold("toClient");
        await scene.recovers(since);
        await pause(leaseSpan);
        await holders.heal();
        await scene.settles();
      },
      few,
    );

    fault(
      "proxy: requests of the holder reach the server two leases later",
      newPlace,
      async (scene) => {
        const { holders } = await candidates(scene);
        const since = scene.oracle.now();
        holders.hold("toServer");
        await scene.recovers(since);
        await pause(leaseSpan);
        await holders.heal();
        await scene.settles();
      },
      few,
    );

    fault(
      "proxy: every answer takes longer than a request may",
      newPlace,
      async (scene) => {
        const { life, all } = await candidates(scene);
        for (const proxy of all) proxy.delay(1_500, "toClient");
        await scene.oracle.gone(life.identity);
        await pause(2 * leaseSpan);
        const since = scene.oracle.now();
        await Promise.all(all.map((proxy) => proxy.heal()));
        if (scene.oracle.running().length === 0) await scene.recovers(since);
        await scene.settles();
      },
      few,
    );

    fault(
      "proxy: the acquiring write of the next holder arrives late",
      newPlace,
      async (scene) => {
        const { life, holders, all } = await candidates(scene, [0, 75]);
        const since = scene.oracle.now();
        for (const proxy of all) if (proxy !== holders) proxy.hold("toServer");
        const holder = scene.candidateOf(life);
        holder.kill("SIGTERM");
        await holder.exited;
        holders.hold("toServer"); // it is started again, and must not be the only one that gets through
        await pause(500 + 2_500 * Math.random());
        await Promise.all(all.map((proxy) => proxy.heal()));
        await scene.recovers(since);
      },
      few,
    );

    fault(
      "proxy: all connections are reset every 300 ms",
      newPlace,
      async (scene) => {
        const { life, all } = await candidates(scene);
        const since = scene.oracle.now();
        for (let cut = 0; cut < 30; cut++) {
          for (const proxy of all) proxy.reset();
          await pause(300);
        }
        await lookAfter(scene, life, since);
      },
      few,
    );
  });
});

// Node 20 may spin for ever in its own clean-up after sockets that were reset (Environment::CleanupHandles): leave it out.
process.on("exit", () => process.exit());

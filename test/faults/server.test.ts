/** Faults of the servers themselves: one after the other, because every Lease of the lab feels them. */
import { setTimeout as pause } from "node:timers/promises";
import type { TestContext } from "node:test";
import { describeWithLab, type ServerProcess } from "../lab/index.ts";
import { leaseSpan } from "../support/candidate.ts";
import { fault } from "./fault.ts";
import { serverPlace, type ServerPlace } from "./place.ts";
import { randomMoment } from "./processes.ts";
import type { Scene } from "./scene.ts";
import { lookAfter, repeatFor, trio } from "./trio.ts";

await describeWithLab("faults of the servers", (lab) => {
  const newPlace = (): Promise<ServerPlace> => serverPlace(lab());
  const alone = { parallel: 1 };

  /** Nobody can lead for two lease durations; then somebody does again. */
  const silent = (server: () => ServerProcess, silence: () => Promise<void>, end: () => unknown) =>
    async function body(scene: Scene, _run: number, t: TestContext): Promise<void> {
      const life = await trio(scene);
      await randomMoment();
      t.after(() => server().pid === undefined || server().thaw());
      await silence();
      await scene.oracle.gone(life.identity);
      await pause(2 * leaseSpan);
      const since = scene.oracle.now();
      await end();
      await scene.recovers(since);
    };

  fault(
    "server: the API server stands still with open sockets",
    newPlace,
    silent(
      () => lab().apiServer,
      () => lab().apiServer.freeze(),
      () => lab().apiServer.thaw(),
    ),
    alone,
  );
  fault(
    "server: etcd stands still",
    newPlace,
    silent(
      () => lab().etcd,
      () => lab().etcd.freeze(),
      () => lab().etcd.thaw(),
    ),
    alone,
  );
  fault(
    "server: etcd is killed and started again",
    newPlace,
    silent(
      () => lab().etcd,
      () => lab().etcd.kill(),
      () => lab().etcd.start(),
    ),
    alone,
  );

  fault(
    "server: the API server stands still for less than the renew deadline",
    newPlace,
    async (scene, _run, t) => {
      const life = await trio(scene);
      await randomMoment();
      const since = scene.oracle.now();
      t.after(() => lab().apiServer.thaw());
      await lab().apiServer.freeze();
      await pause(500 + 1_000 * Math.random());
      lab().apiServer.thaw();
      await pause(leaseSpan);
      await lookAfter(scene, life, since);
    },
    alone,
  );

  fault(
    "server: the API server is killed and started again every 10 s",
    newPlace,
    async (scene) => {
      await trio(scene);
      for (let restart = 0; restart < 5; restart++) {
        await randomMoment();
        await lab().apiServer.restart();
        const since = scene.oracle.now();
        if (scene.oracle.running().length === 0) await scene.recovers(since);
        await pause(Math.max(0, 10_000 - (scene.oracle.now() - since)));
      }
      await scene.settles();
    },
    alone,
  );

  /** A server with other flags for one run. */
  const withFlags = async (t: TestContext, flags: readonly string[]): Promise<void> => {
    t.after(() => lab().apiServer.restart());
    await lab().apiServer.restart(flags);
  };

  fault(
    "server: most requests are answered with 429",
    newPlace,
    async (scene, _run, t) => {
      await withFlags(t, [
        "--enable-priority-and-fairness=false",
        "--max-requests-inflight=1",
        "--max-mutating-requests-inflight=1",
      ]);
      const life = await trio(scene);
      const crowd = await lab().user(scene.place.namespace, scene.place.lease);
      const since = scene.oracle.now();
      const statuses = new Map<number, number>();
      const ask = async (): Promise<void> => {
        const many = Array.from({ length: 8 }, () => crowd.request("GET", scene.place.path));
        for (const { status } of await Promise.all(many)) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      };
      await repeatFor(10_000, 20, ask);
      scene.notes.push([...statuses].map(([status, count]) => `${count} times ${status}`).join(" "));
      await lookAfter(scene, life, since);
    },
    alone,
  );

  fault(
    "server: watches are closed every second",
    newPlace,
    async (scene, _run, t) => {
      await withFlags(t, ["--min-request-timeout=1"]);
      const life = await trio(scene);
      await pause(leaseSpan);
      const since = scene.oracle.now();
      scene.candidateOf(life).kill("SIGKILL");
      await scene.recovers(since);
    },
    alone,
  );

  fault(
    "server: versions are compacted away under a standby that was frozen",
    newPlace,
    async (scene, _run, t) => {
      await withFlags(t, ["--etcd-compaction-interval=1s"]);
      const life = await trio(scene);
      const leader = scene.candidateOf(life);
      const standbys = scene.candidates.filter((each) => each !== leader);
      for (const each of standbys) each.kill("SIGSTOP");
      await pause(leaseSpan);
      for (const each of standbys) each.kill("SIGCONT");
      const since = scene.oracle.now();
      leader.kill("SIGKILL");
      await scene.recovers(since);
    },
    alone,
  );
});

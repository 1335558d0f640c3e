import assert from "node:assert/strict";
import { LogBook } from "../log-book.ts";
import { until } from "../../lab/until.ts";
import { deployment } from "../workload.ts";
import { repeat, type Case } from "./case.ts";

const restart = ["rollout", "restart", "deployment/worker"];
const finished = ["rollout", "status", "deployment/worker", "--timeout=180s"];

/** What happens to a Deployment as a whole. */
export const updates: readonly Case[] = [
  {
    title: "without leader election: the witness notices",
    name: "unprotected",
    unprotected: true,
    run: async (stage) => {
      const off = { flags: ["--enable-leader-election=false"] };
      await stage.apply(deployment(stage.namespace, stage.witness.folder, off));
      await until("two commands are seen at once", () => stage.witness.overlaps().length > 0, 60_000);
      stage.runs = 1;
    },
  },
  {
    title: "3 pods: one leads",
    name: "three-pods",
    run: async (stage) => {
      const leader = await stage.deploy({ replicas: 3 });
      const others = (await stage.pods()).filter(({ uid }) => uid !== leader.pod);
      for (const { name } of others) assert.match(await stage.kubectl("logs", name), /standing by/);
      assert.equal(stage.witness.roots().length, 1);
      stage.runs = 1;
    },
  },
  {
    title: "rolling update of the Deployment",
    name: "rolling-update",
    run: async (stage) => {
      let [leader, handOvers] = [await stage.deploy(), 0];
      await repeat(stage, 5, async (nth) => {
        const book = new LogBook(stage);
        await stage.kubectl(...restart);
        await stage.kubectl(...finished);
        const next = await stage.settles(2);
        const log = await book.close();
        if (nth === 0) stage.log = log;
        handOvers += stage.handOversSince(leader);
        leader = next;
      });
      stage.notes.push(`${handOvers} hand-overs`);
    },
  },
  {
    title: "API server killed and started again during a rolling update",
    name: "api-server-restart",
    run: async (stage) => {
      let leader = await stage.deploy();
      await repeat(stage, 3, async () => {
        const { apiServer } = stage.cluster;
        await stage.kubectl(...restart);
        await apiServer.kill();
        await apiServer.start();
        await stage.kubectl(...finished);
        const next = await stage.settles(2);
        stage.handOversSince(leader);
        leader = next;
      });
    },
  },
];

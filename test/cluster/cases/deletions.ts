import { until } from "../../lab/until.ts";
import type { Stage } from "../stage.ts";
import type { Life } from "../witness.ts";
import { deployment } from "../workload.ts";
import { repeat, type Case } from "./case.ts";

const forced = ["--grace-period=0", "--force"];
/** Long enough to be seen at work when its pod is no longer to be seen. */
const slow = ["cleanup", "1500"];

/** Deletes the leader's pod by force. Returns for how long its command lived on after nobody could see the pod. */
async function deleteByForce(stage: Stage, leader: Life): Promise<number> {
  const { name } = await stage.podOf(leader);
  await stage.kubectl("delete", "pod", name, ...forced);
  const goneAt = stage.witness.now();
  await stage.handsOver(leader);
  return Math.max(0, leader.last - goneAt);
}

/** A pod of the name of the one that is gone has a container that runs; only the uid tells them apart. */
async function hasTwin(stage: Stage, { pod: old }: Life): Promise<boolean> {
  const [pod] = await stage.pods();
  return pod !== undefined && pod.uid !== old && pod.ready;
}

const livedOn = (times: readonly number[]): string =>
  `the old command lived on for up to ${Math.max(...times).toFixed(0)} ms after its pod was gone from the API`;

/** Pods that are taken away. */
export const deletions: readonly Case[] = [
  {
    title: "leader's pod deleted",
    name: "deleted",
    run: async (stage) => {
      let leader = await stage.deploy();
      await repeat(stage, 5, async () => {
        await stage.kubectl("delete", "pod", (await stage.podOf(leader)).name);
        await stage.handsOver(leader);
        leader = await stage.settles(2);
      });
    },
  },
  {
    title: "leader's pod deleted with --grace-period=0 --force",
    name: "deleted-by-force",
    run: async (stage) => {
      let leader = await stage.deploy({ probe: slow });
      const unseen: number[] = [];
      await repeat(stage, 5, async () => {
        unseen.push(await deleteByForce(stage, leader));
        leader = await stage.settles(2);
      });
      stage.notes.push(livedOn(unseen));
    },
  },
  {
    title: "the same, and the command needs 20 s to clean up",
    name: "deleted-by-force-slow",
    run: async (stage) => {
      let leader = await stage.deploy({ probe: ["cleanup", "20000"] });
      const unseen: number[] = [];
      await repeat(stage, 2, async () => {
        unseen.push(await deleteByForce(stage, leader));
        leader = await stage.settles(2);
      });
      stage.notes.push(livedOn(unseen));
    },
  },
  {
    title: "the only pod of a StatefulSet deleted with --grace-period=0 --force",
    name: "stateful-set",
    run: async (stage) => {
      const manifest = deployment(stage.namespace, stage.witness.folder, { replicas: 1, probe: slow });
      manifest.kind = "StatefulSet";
      delete manifest.spec?.["strategy"];
      await stage.apply(manifest);
      let leader = await stage.settles(1);
      const unseen: number[] = [];
      await repeat(stage, 3, async () => {
        const before = leader;
        const twin = until("a second pod of the same name is there", () => hasTwin(stage, before), 60_000);
        const [lived] = await Promise.all([deleteByForce(stage, before), twin]);
        unseen.push(lived);
        leader = await stage.settles(1);
      });
      stage.notes.push(livedOn(unseen));
    },
  },
];

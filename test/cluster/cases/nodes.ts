import { until } from "../../lab/until.ts";
import { areReady } from "../cluster.ts";
import type { Stage } from "../stage.ts";
import type { Life } from "../witness.ts";
import { manifests } from "../workload.ts";
import { repeat, type Case } from "./case.ts";

/** Deletes pods until the leader is on the first node and the other one is not; long cases have theirs on the other node. */
async function leaderOnFirst(stage: Stage): Promise<Life> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const leader = await stage.settles(2);
    const pods = await stage.pods();
    const own = pods.find(({ uid }) => uid === leader.pod);
    const other = pods.find(({ uid }) => uid !== leader.pod);
    if (own?.node === "node1" && other?.node === "node2") return leader;
    const wrong = own?.node === "node1" ? other : own;
    await stage.kubectl("delete", "pod", wrong?.name ?? "");
  }
  throw new Error("the leader is not on the first node, or the other pod is there as well");
}

/** The first node is lost to Kubernetes, its containers run on; `meanwhile` begins when the leader's pod has been replaced. */
async function withoutKubelet(stage: Stage, leader: Life, meanwhile: () => Promise<void>): Promise<void> {
  const [node] = stage.cluster.nodes;
  await node?.kubelet.kill();
  try {
    await until(
      "the leader's pod is told to go and a new one is Ready elsewhere",
      () => isReplaced(stage, leader),
      90_000,
      200,
    );
    await meanwhile();
  } finally {
    await stage.cluster.network.heal();
    await node?.kubelet.start();
    await until("both nodes are Ready", () => areReady(stage.cluster.admin, 2), 60_000, 200);
  }
}

async function isReplaced(stage: Stage, leader: Life): Promise<boolean> {
  const pods = await stage.pods();
  const old = pods.find(({ uid }) => uid === leader.pod);
  return (
    (old?.leaving ?? true) &&
    pods.filter(({ ready, leaving, node }) => ready && !leaving && node === "node2").length === 2
  );
}

/** The leader goes on: it gives signs of life, and renews, for more than a lease duration. */
async function goesOn(stage: Stage, leader: Life): Promise<void> {
  const since = leader.last;
  await until("the old command lives on for 8 s", () => stage.witness.lastSign(leader) > since + 8000, 30_000);
  if ((await stage.holder()) !== leader.identity)
    throw new Error("the Lease changed hands while its holder was at work");
}

/** Nodes that are lost, or emptied. */
export const nodes: readonly Case[] = [
  {
    title: "kubelet gone: pod evicted and replaced, and it runs on",
    name: "kubelet-gone",
    run: async (stage) => {
      await stage.deploy();
      await repeat(stage, 1, async () => {
        const leader = await leaderOnFirst(stage);
        await withoutKubelet(stage, leader, async () => {
          const evicted = stage.witness.now();
          await goesOn(stage, leader);
          await stage.handsOver(leader, 180_000);
          const worked = ((leader.last - evicted) / 1000).toFixed(0);
          stage.notes.push(
            `it works on for ${worked} s, until the API server refuses the token of a pod that should be gone`,
          );
        });
        await stage.settles(2);
      });
    },
  },
  {
    title: "kubelet gone: pod deleted by force, and it runs on",
    name: "kubelet-gone-forced",
    run: async (stage) => {
      await stage.deploy();
      const after: number[] = [];
      await repeat(stage, 2, async () => {
        const leader = await leaderOnFirst(stage);
        const { name } = await stage.podOf(leader);
        await withoutKubelet(stage, leader, async () => {
          await goesOn(stage, leader);
          await stage.kubectl("delete", "pod", name, "--grace-period=0", "--force");
          const gone = stage.witness.now();
          await stage.handsOver(leader);
          after.push((leader.last - gone) / 1000);
        });
        await stage.settles(2);
      });
      const longest = Math.max(...after).toFixed(0);
      stage.notes.push(
        `it works on for up to ${longest} s more, until the API server refuses the token of a pod that is gone`,
      );
    },
  },
  {
    title: "node cut off: kubelet gone, its pods cannot reach the API server",
    name: "node-cut-off",
    run: async (stage) => {
      await stage.deploy();
      await repeat(stage, 2, async () => {
        const leader = await leaderOnFirst(stage);
        await stage.cluster.network.cut(1);
        await withoutKubelet(stage, leader, async () => {
          await stage.handsOver(leader);
        });
        await stage.settles(2);
      });
    },
  },
  {
    title: "drain of the leader's node, with a PodDisruptionBudget",
    name: "drain",
    run: async (stage) => {
      await stage.apply(...manifests("pod-disruption-budget.yaml", stage.namespace));
      let leader = await stage.deploy();
      await repeat(stage, 4, async () => {
        const before = leader;
        await stage.drain(stage.nodeOf(await stage.podOf(before)), async () => {
          await stage.handsOver(before);
          leader = await stage.settles(2);
        });
      });
    },
  },
];

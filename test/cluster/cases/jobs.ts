import assert from "node:assert/strict";
import { until } from "../../lab/until.ts";
import type { Container, PodSpec } from "../workload.ts";
import { deployment, manifests } from "../workload.ts";
import { repeat, type Case } from "./case.ts";

/** The container of the manifest becomes an init container, as docs/jobs.md has it; what follows it needs no Lease. */
function migrated(pod: PodSpec): void {
  const withoutProbes = ({ livenessProbe, readinessProbe, ports, ...rest }: Container): Container => rest;
  const containers = pod.containers.map(withoutProbes);
  pod.initContainers = containers.map((container) => ({ ...container, name: "migrate" }));
  pod.containers = containers.map((container) => ({ ...container, args: ["sleep", "1000"] }));
}

/** Jobs, with the flags of docs/jobs.md. */
export const jobs: readonly Case[] = [
  {
    title: "migration in an init container (--once), 5 replicas",
    name: "migration",
    run: async (stage) => {
      await repeat(stage, 2, async (nth) => {
        const done = stage.witness.roots().length;
        const workload = { replicas: 5, probe: ["for", "1500"], flags: [`--once=schema ${nth}`], change: migrated };
        await stage.apply(deployment(stage.namespace, stage.witness.folder, workload));
        await until(
          "5 pods are Ready",
          async () => {
            const pods = (await stage.pods()).filter(({ leaving }) => !leaving);
            return pods.length === 5 && pods.every(({ ready }) => ready);
          },
          180_000,
          100,
        );
        await stage.kubectl("rollout", "status", "deployment/worker", "--timeout=120s");
        assert.equal(stage.witness.roots().length, done + 1, "the migration ran once");
      });
      stage.notes.push("each migration ran once");
    },
  },
  {
    title: "a schedule (every second) over the drain of the leader's node",
    name: "schedule",
    run: async (stage) => {
      await stage.apply(...manifests("pod-disruption-budget.yaml", stage.namespace));
      const { witness } = stage;
      let leader = await stage.deploy({ probe: ["for", "200"], flags: ["--schedule=* * * * * *"] });
      await repeat(stage, 2, async () => {
        await stage.drain(stage.nodeOf(await stage.podOf(leader)), async () => {
          const so = witness.roots().length;
          await until("five more ticks have run", () => witness.roots().length >= so + 5, 60_000);
          leader = await stage.settles(2);
        });
      });
      const ticks = witness.roots();
      const seconds = ticks.map(({ first }) => Math.floor(witness.wallOf(first) / 1000));
      const span = (seconds.at(-1) ?? 0) - (seconds[0] ?? 0) + 1;
      assert.equal(new Set(ticks.map(({ token }) => token)).size, ticks.length, "each tick has a token of its own");
      const changes = ticks.flatMap((tick, index) => {
        const before = ticks[index - 1];
        return before && before.identity !== tick.identity ? [tick.first - before.last] : [];
      });
      stage.gaps.push(...changes);
      stage.notes.push(`${ticks.length} ticks ran in ${span} s`);
    },
  },
];

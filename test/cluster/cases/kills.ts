import { writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../../lab/until.ts";
import type { Inmates } from "../inmates.ts";
import type { Stage } from "../stage.ts";
import type { Life } from "../witness.ts";
import type { PodSpec } from "../workload.ts";
import { repeat, type Case } from "./case.ts";

type Victim = keyof Inmates;

const called: Readonly<Record<Victim, string>> = { tini: "tini", leaderExec: "leader-exec", command: "the command" };

const killed = (victim: Victim, name: string): Case => ({
  title: `kill -9 of ${called[victim]}`,
  name,
  run: async (stage) => {
    let leader = await stage.deploy();
    await repeat(stage, 5, async () => {
      process.kill((await stage.inmates(leader))[victim].pid, "SIGKILL");
      await stage.handsOver(leader);
      leader = await stage.settles(2);
    });
  },
});

const limited = (pod: PodSpec): void => {
  for (const container of pod.containers) container.resources = { limits: { memory: "200Mi" } };
};
const eat = "(head -c 300M /dev/zero; sleep 60) | tail -c 300M >/dev/null";

/** Fills the container's memory from inside; the kernel then kills whom it is told to prefer. */
async function outOfMemory(stage: Stage, leader: Life, victim: Victim): Promise<string> {
  const { name, restarts } = await stage.podOf(leader);
  writeFileSync(`/proc/${(await stage.inmates(leader))[victim].pid}/oom_score_adj`, "1000");
  const eating = stage.kubectl("exec", name, "--", "sh", "-c", eat).catch(() => ""); // it dies with its container
  await stage.handsOver(leader);
  await eating;
  await until(
    "the container is started again",
    async () => {
      const pod = (await stage.pods()).find(({ uid }) => uid === leader.pod);
      return pod !== undefined && pod.restarts > restarts;
    },
    60_000,
  );
  const state = "{.status.containerStatuses[0].lastState.terminated";
  return stage.kubectl("get", "pod", name, "-o", `jsonpath=${state}.reason} ${state}.exitCode}`);
}

const starved = (victim: Victim, name: string): Case => ({
  title: `container out of memory, ${called[victim]} is hit`,
  name,
  run: async (stage) => {
    let leader = await stage.deploy({ change: limited });
    await repeat(stage, 3, async () => {
      const reason = await outOfMemory(stage, leader, victim);
      leader = await stage.settles(2);
      if (stage.runs === 0) stage.notes.push(`Kubernetes calls it ${reason}`);
    });
  },
});

const paused = (stage: Stage, leader: Life, whileIt: () => Promise<unknown>): Promise<void> =>
  stage.podOf(leader).then(async (pod) => {
    const task = (verb: string): Promise<string> =>
      stage.nodeOf(pod).ctr("--namespace=k8s.io", "tasks", verb, pod.containerId);
    await task("pause");
    try {
      await whileIt();
    } finally {
      await task("resume");
    }
  });

/** Processes and containers that are ended, or stopped, from outside. */
export const kills: readonly Case[] = [
  starved("leaderExec", "oom-leader-exec"),
  starved("command", "oom-command"),
  killed("tini", "kill-tini"),
  killed("leaderExec", "kill-leader-exec"),
  killed("command", "kill-command"),
  {
    title: "a command that fails again and again (CrashLoopBackOff)",
    name: "crash-loop",
    run: async (stage) => {
      await stage.deploy({ probe: ["for", "1500", "exit", "3"] });
      await until("8 commands have begun", () => stage.witness.roots().length >= 8, 240_000);
      const [first] = stage.witness.roots();
      if (first) stage.runs = stage.handOversSince(first) + 1;
      stage.notes.push("each run is one start of the command");
    },
  },
  {
    title: "container paused for a second",
    name: "paused-shortly",
    run: async (stage) => {
      let leader = await stage.deploy();
      await repeat(stage, 5, async () => {
        await paused(stage, leader, () => pause(1000));
        const resumed = stage.witness.now();
        await until("a command gives signs again", () => stage.witness.roots().some(({ last }) => last > resumed));
        const next = await stage.settles(2);
        if (next === leader) stage.notes[0] = "the same command goes on";
        leader = next;
      });
    },
  },
  {
    title: "container paused until another one leads",
    name: "paused",
    beyond: "nothing in a frozen container can end the command in it",
    run: async (stage) => {
      let leader = await stage.deploy();
      const [after, signs]: [number[], number[]] = [[], []];
      await repeat(stage, 3, async () => {
        const before = leader;
        let seen = 0;
        await paused(stage, before, async () => {
          const next = await stage.handsOver(before);
          if (BigInt(next.token) <= BigInt(before.token)) throw new Error("the fencing token did not grow");
          seen = before.signs;
        });
        const resumed = stage.witness.now();
        leader = await stage.settles(2);
        after.push(before.last - resumed);
        signs.push(before.signs - seen);
      });
      stage.notes.push(
        `after the container was resumed, the old command gave ${Math.max(...signs)} signs of life at most, the last ${Math.max(...after).toFixed(0)} ms after "resume" returned; its fencing token is smaller`,
      );
    },
  },
];

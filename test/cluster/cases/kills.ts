import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../../lab/until.ts";
import type { Inmate, Inmates } from "../inmates.ts";
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
      const pod = await stage.podOf(leader);
      process.kill((await stage.inmates(leader))[victim].pid, "SIGKILL");
      await stage.handsOver(leader);
      await stage.isRestarted(pod);
      leader = await stage.settles(2);
    });
  },
});

const limited = (pod: PodSpec): void => {
  for (const container of pod.containers) container.resources = { limits: { memory: "200Mi" } };
};
/** Takes memory at the expense of a control group (ARGUMENT 1), until it is killed as well. */
const eat = 'echo $$ >"$1/cgroup.procs"; head -c 400M /dev/zero | tail -c 400M >/dev/null';

/** The container's memory runs full, and the kernel kills whom it is told to prefer. Returns what Kubernetes says of it. */
async function outOfMemory(stage: Stage, leader: Life, victim: Victim): Promise<string> {
  const pod = await stage.podOf(leader);
  const inmates = await stage.inmates(leader);
  for (const { pid } of Object.values(inmates) as Inmate[]) writeFileSync(`/proc/${pid}/oom_score_adj`, "0");
  const { pid } = inmates[victim];
  writeFileSync(`/proc/${pid}/oom_score_adj`, "1000");
  await once(spawn("sh", ["-c", eat, "eater", memoryGroupOf(pid)], { stdio: "ignore" }), "exit");
  await stage.handsOver(leader);
  await stage.isRestarted(pod);
  const state = "{.status.containerStatuses[0].lastState.terminated";
  return stage.kubectl("get", "pod", pod.name, "-o", `jsonpath=${state}.reason} ${state}.exitCode}`);
}

/** Where the kernel counts the memory of a process. */
function memoryGroupOf(pid: number): string {
  const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8");
  const legacy = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  const path = legacy === undefined ? (/^0::(.*)$/m.exec(groups)?.[1] ?? "") : `memory${legacy}`;
  return join("/sys/fs/cgroup", path);
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

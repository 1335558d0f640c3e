/** What it costs that others may ask: probes and metrics beside nothing of them, asked as kubelet and Prometheus ask. */
import { setTimeout as pause } from "node:timers/promises";
import { cpuOf } from "./idle.ts";
import { memoryOf } from "./memory.ts";
import { now, type Program } from "./program.ts";
import type { Room } from "./room.ts";
import type { Row } from "./rows.ts";
import { stamped } from "./stamps.ts";

const settles = 15_000;
const probes = ["--health-probe-bind-address", "127.0.0.1:0"];
const metrics = ["--metrics-bind-address", "127.0.0.1:0"];
/** Each of them as leader and as standby, of a Lease of its own. */
const variants = { "not asked": [], probes, "probes and metrics": [...probes, ...metrics] } as const;
/** Seconds between two requests for each path: the usual periods. */
const periods = { "/healthz": 10, "/readyz": 5, "/metrics": 15 } as const;

interface Figures {
  readonly rss: number[];
  readonly own: number[];
  readonly cpu: number[];
}

export async function asked(room: Room): Promise<Row[]> {
  const found: Partial<Record<string, Figures>> = {};
  for (let round = 0; round < room.rounds(5); round++) {
    const programs: [string, Program][] = [];
    for (const [name, args] of Object.entries(variants)) {
      const stamps = room.newFile();
      const lease = `asked-${name.replaceAll(" ", "-")}-${round}`;
      const leader = room.leaderExec(lease, stamps, { args });
      await stamped(stamps, "start");
      const standby = room.leaderExec(lease, stamps, { args });
      await standby.says(/standing by/);
      programs.push([`${name}, leader`, leader], [`${name}, standby`, standby]);
    }
    room.progress(`asked, round ${round + 1}: settling`);
    await pause(settles);
    const begin = { at: now(), cpu: programs.map(([, { pid }]) => cpuOf(pid)) };
    for (let second = 0; second < 30; second++) {
      await Promise.all(programs.map(([, program]) => askAll(program, second)));
      await pause(1000);
    }
    for (const [index, [name, { pid }]] of programs.entries()) {
      const figures = (found[name] ??= { rss: [], own: [], cpu: [] });
      figures.rss.push(memoryOf(pid, ["Rss"]));
      figures.own.push(memoryOf(pid, ["Private_Clean", "Private_Dirty"]));
      figures.cpu.push((cpuOf(pid) - (begin.cpu[index] ?? 0)) / ((now() - begin.at) / 1000));
    }
    await Promise.all(programs.map(([, program]) => program.kill()));
  }
  return Object.keys(variants)
    .slice(1)
    .flatMap((name) =>
      ["leader", "standby"].flatMap((role) =>
        rowsOf(`${name}, ${role}`, found[`not asked, ${role}`], found[`${name}, ${role}`]),
      ),
    );
}

async function askAll({ stderr }: Program, second: number): Promise<void> {
  for (const [path, period] of Object.entries(periods)) {
    const address = new RegExp(`answering .*${path}.* on (\\S+)`).exec(stderr)?.[1];
    if (address !== undefined && second % period === 0) await (await fetch(`http://${address}${path}`)).text();
  }
}

function rowsOf(what: string, without: Figures | undefined, figures: Figures | undefined): Row[] {
  const common = { base: "not asked", budget: null } as const;
  return [
    { ...common, what: `RSS, ${what}`, unit: "MiB", figures: figures?.rss ?? [], baseFigures: without?.rss ?? [] },
    {
      ...common,
      what: `private memory, ${what}`,
      unit: "MiB",
      figures: figures?.own ?? [],
      baseFigures: without?.own ?? [],
    },
    { ...common, what: `CPU, ${what}`, unit: "ms/s", figures: figures?.cpu ?? [], baseFigures: without?.cpu ?? [] },
  ];
}

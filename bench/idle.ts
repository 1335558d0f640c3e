/** What waiting costs: memory, CPU and requests, all looked at over the same minute. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { AuditEntry } from "../test/lab/index.ts";
import { guardsOf, memoryOf } from "./memory.ts";
import { now, Program } from "./program.ts";
import type { Room } from "./room.ts";
import type { Row } from "./rows.ts";
import { stamped } from "./stamps.ts";

const settles = 15_000;
const standbys = 3;

export async function idle(room: Room): Promise<Row[]> {
  const stamps = room.newFile();
  const leader = room.leaderExec("idle", stamps);
  await stamped(stamps, "start");
  const waiting = Array.from({ length: standbys }, () => room.leaderExec("idle", stamps));
  const bare = [1, 2].map(() => Program.node(["-e", "setInterval(() => undefined, 1000)"]));
  const handLeading = room.handWritten("idle", "idle-by-hand", "lead");
  const handWaiting = room.handWritten("idle", "idle-by-hand", "stand by");
  const goLeading = await room.clientGo("idle-go", room.newFile());
  await goLeading.says(/^leader ./m);
  const goWaiting = await room.clientGo("idle-go", room.newFile());
  await goWaiting.says(/^leader ./m);
  for (const standby of waiting) await standby.says(/standing by/);
  room.progress("idle: settling");
  await pause(settles);

  const pids = (programs: readonly Program[]): number[] => programs.map(({ pid }) => pid);
  const groups = {
    leader: [leader.pid],
    standby: pids(waiting),
    leaderGuard: guardsOf([leader]),
    standbyGuard: guardsOf(waiting),
    bare: pids(bare),
    handLeading: [handLeading.pid],
    handWaiting: [handWaiting.pid],
    goWaiting: [goWaiting.pid],
  };
  const begin = { at: now(), wall: Date.now(), cpu: mapped(groups, (pid) => cpuOf(pid)) };
  const seconds = room.rounds(90);
  for (let second = 0; second < seconds; second++) {
    if (second % 10 === 0) room.progress(`idle ${second}/${seconds} s`);
    await pause(1000);
  }
  const span = (now() - begin.at) / 1000;
  const entries = await room.requests("idle", begin.wall);
  const again = await room.watchesAMinute("idle");
  const cpu = mapped(groups, (pid, name, index) => (cpuOf(pid) - (begin.cpu[name][index] ?? 0)) / span);
  const rss = mapped(groups, (pid) => memoryOf(pid, ["Rss"]));
  const own = mapped(groups, (pid) => memoryOf(pid, ["Private_Clean", "Private_Dirty"]));
  const aMinute = (verbs: readonly string[], of: number): number[] => [
    (entries.filter(({ verb }) => verbs.includes(verb)).length / of / span) * 60,
  ];
  const others = [...bare, handLeading, handWaiting, goLeading, goWaiting];
  await Promise.all([...waiting, ...others, leader].map((program) => program.kill()));

  const memory = { unit: "MiB", base: "bare node", budget: null } as const;
  const hand = "node:https by hand";
  const times = { times: 1.2 };
  const bareRss = { ...memory, baseFigures: rss.bare };
  const bareOwn = { ...memory, baseFigures: own.bare };
  const busy = { unit: "ms/s", base: "node, 1 s timer", baseFigures: cpu.bare, budget: { most: 1 } } as const;
  const requests = { unit: "a minute", baseFigures: [] } as const;
  const sum = (a: readonly number[], b: readonly number[]): number[] => a.map((figure, at) => figure + (b[at] ?? 0));
  return [
    { ...bareRss, what: "RSS, standby", figures: rss.standby, base: hand, baseFigures: rss.handWaiting, budget: times },
    { ...bareRss, what: "RSS, leader", figures: rss.leader, base: hand, baseFigures: rss.handLeading, budget: times },
    { ...bareRss, what: "RSS, guard", figures: [...rss.leaderGuard, ...rss.standbyGuard] },
    { ...bareRss, what: "RSS, client-go, standby", figures: rss.goWaiting },
    { ...bareOwn, what: "private memory, client-go, standby", figures: own.goWaiting },
    { ...bareOwn, what: "private memory, standby", figures: own.standby },
    { ...bareOwn, what: "private memory, leader", figures: own.leader },
    { ...bareOwn, what: "private memory, guard", figures: [...own.leaderGuard, ...own.standbyGuard] },
    {
      ...bareOwn,
      what: "private memory, leader and guard",
      figures: sum(own.leader, own.leaderGuard),
      budget: { most: 20 },
    },
    {
      ...requests,
      what: "requests, standby",
      figures: aMinute(["get", "watch"], standbys).map((figure) => figure + again / standbys),
      base: "client-go: 20 to 30",
      budget: { most: 2 },
    },
    {
      ...requests,
      what: "requests, leader",
      figures: renewalsAMinute(entries),
      base: "one a retry period: 30",
      budget: { most: 31 },
    },
    { ...busy, what: "CPU, standby and guard", figures: sum(cpu.standby, cpu.standbyGuard) },
    { ...busy, what: "CPU, leader and guard", figures: sum(cpu.leader, cpu.leaderGuard) },
    { ...busy, what: "CPU, guard of a leader", figures: cpu.leaderGuard, budget: null },
    { ...busy, what: "CPU, client-go, standby", figures: cpu.goWaiting, budget: null },
    { ...busy, what: "CPU, by hand, leader", figures: cpu.handLeading, budget: null },
    { ...busy, what: "CPU, by hand, standby", figures: cpu.handWaiting, budget: null },
  ];
}

/** Counted over whole intervals, from the first to the last: a window may have one renewal more than it is long. */
export function renewalsAMinute(entries: readonly Pick<AuditEntry, "at" | "verb">[]): number[] {
  const times = entries.filter(({ verb }) => verb === "update").map(({ at }) => at);
  const span = Math.max(...times) - Math.min(...times);
  return times.length < 2 ? [] : [((times.length - 1) / span) * 60_000];
}

type Groups<T, K extends string> = Record<K, T[]>;

function mapped<K extends string>(
  groups: Groups<number, K>,
  figure: (pid: number, name: K, index: number) => number,
): Groups<number, K> {
  const entries = Object.entries(groups) as [K, number[]][];
  const each = entries.map(([name, pids]) => [name, pids.map((pid, index) => figure(pid, name, index))] as const);
  return Object.fromEntries(each) as Groups<number, K>;
}

/** Milliseconds on a processor so far, of all threads, to the nanosecond (the counters of /proc/PID/stat have 10 ms). */
export function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  return spent.reduce((all, one) => all + Number(one) / 1e6, 0);
}

/** Many standbys on one Lease: what a hand-over costs and how long it takes, and what they cost the API server while they wait. */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { AuditEntry } from "../test/lab/index.ts";
import { changeOfHands } from "./change-of-hands.ts";
import { Crowd, roomFor, type Kind } from "./crowd.ts";
import { now } from "./program.ts";
import type { Room } from "./room.ts";
import type { Row } from "./rows.ts";
import { wallAtZero } from "./stamps.ts";

const crowds = [1, 10, 100];
const settles = 3_000;
/** Each CPU figure is the difference of two windows, so they must not be too short, however quick a look is wanted. */
const shortestWindow = 10;

/** What was found out about one crowd. */
interface Found {
  readonly handOvers: number[];
  readonly afterRelease: number[];
  readonly puts: number[];
  readonly conflicts: number[];
  readonly reads: number[];
  readonly requests: number[];
  readonly cpu: number[];
}

export async function contention(room: Room): Promise<Row[]> {
  const kinds: Record<"ours" | "theirs", Kind> = {
    ours: { start: (lease, stamps) => room.leaderExec(lease, stamps), standsBy: /standing by/, memory: 40 },
    theirs: { start: (lease, stamps) => room.clientGo(lease, stamps), standsBy: /^leader ./m, memory: 30 },
  };
  const rows: Row[] = [];
  for (const wanted of crowds) {
    const standbys = roomFor(kinds.ours, wanted);
    if (standbys < wanted) room.progress(`contention: there is memory for ${standbys} standbys, not for ${wanted}`);
    const found: Partial<Record<"ours" | "theirs", Found>> = {};
    for (const name of ["ours", "theirs"] as const) {
      const lease = `crowd-${standbys}-${name}`;
      const crowd = await Crowd.open(kinds[name], lease, room.newFile());
      try {
        const alone = (await lookOn(room, lease, `${lease}: holder alone`)).cpu;
        found[name] = await watchCrowd(room, crowd, { lease, standbys, alone });
      } finally {
        await crowd.close();
      }
    }
    rows.push(...rowsOf(standbys, found));
  }
  return rows;
}

interface Place {
  readonly lease: string;
  readonly standbys: number;
  /** What the API server needs for the holder and for itself, in ms/s. */
  readonly alone: number;
}

async function watchCrowd(room: Room, crowd: Crowd, { lease, standbys, alone }: Place): Promise<Found> {
  await crowd.add(standbys, (all) => {
    if (all % 20 === 0) room.progress(`${lease}: ${all} stand by`);
  });
  const { cpu, entries, minutes } = await lookOn(room, lease, `${lease}: waiting`);
  const asked = entries.filter(({ verb }) => verb !== "update").length / minutes;
  const found: Found = {
    ...{ handOvers: [], afterRelease: [], puts: [], conflicts: [], reads: [] },
    requests: [asked + (await room.watchesAMinute(lease))],
    cpu: [Math.max(0, cpu - alone) / standbys], // the server's own work goes up and down by more than a few standbys cost
  };
  const rounds = Math.max(4, room.rounds(10));
  for (let round = 0; round < rounds; round++) {
    const begin = Date.now();
    const { endedAt, startedAt } = await crowd.handOver();
    const change = changeOfHands(await room.requests(lease, begin));
    if (change.winners !== 1)
      throw new Error(`${lease}: ${change.winners} candidates acquired the Lease at one hand-over`);
    found.handOvers.push(startedAt - endedAt);
    found.afterRelease.push(startedAt + wallAtZero() - change.releasedAt);
    found.puts.push(change.puts);
    found.conflicts.push(change.conflicts);
    found.reads.push(change.reads);
    room.progress(`${lease}: hand-over ${round + 1}/${rounds}, ${change.puts} PUTs, ${change.conflicts} in vain`);
    await crowd.replace();
  }
  return found;
}

/** What the API server does while nothing changes, in ms/s of CPU and as requests for this Lease. */
async function lookOn(
  room: Room,
  lease: string,
  what: string,
): Promise<{ cpu: number; entries: AuditEntry[]; minutes: number }> {
  const seconds = Math.max(shortestWindow, room.rounds(30));
  room.progress(`${what}, ${seconds} s`);
  await pause(settles);
  const begin = { at: now(), wall: Date.now(), cpu: serverCpu(room) };
  await pause(seconds * 1000);
  const [spent, span] = [serverCpu(room) - begin.cpu, now() - begin.at];
  const entries = await room.requests(lease, begin.wall);
  return { cpu: spent / (span / 1000), entries, minutes: span / 60_000 };
}

/** Milliseconds of CPU of kube-apiserver so far: fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms. */
function serverCpu(room: Room): number {
  const stat = readFileSync(`/proc/${String(room.lab.apiServer.pid)}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function rowsOf(standbys: number, { ours, theirs }: Partial<Record<"ours" | "theirs", Found>>): Row[] {
  const row = (what: string, unit: Row["unit"], figure: keyof Found, most = Infinity): Row => ({
    ...{ what: `${what}, ${standbys} standby${standbys === 1 ? "" : "s"}`, unit, budget: null, standbys },
    ...{ figures: ours?.[figure].slice(0, most) ?? [], base: "client-go" },
    baseFigures: theirs?.[figure].slice(0, most) ?? [],
  });
  return [
    row("hand-over", "ms", "handOvers"),
    row("release to command", "ms", "afterRelease"),
    row("PUTs for the first hand-over", "PUTs", "puts", 1),
    row("PUTs for a hand-over", "PUTs", "puts"),
    row("of these in vain (409)", "PUTs", "conflicts"),
    row("GETs for a hand-over", "GETs", "reads"),
    row("requests of all", "a minute", "requests"),
    row("API server's CPU for each", "ms/s", "cpu"),
  ];
}

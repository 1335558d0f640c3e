/** Taking a Lease that nobody gives away: free from the start, or left behind by a crash. */
import { setTimeout as pause } from "node:timers/promises";
import type { Program } from "./program.ts";
import { shortTimes, type Room } from "./room.ts";
import type { Row } from "./rows.ts";
import { killWithGuard } from "../test/support/crash.ts";
import { stamped, wallAtZero } from "./stamps.ts";

type Newcomer = (lease: string, stamps: string) => Program | Promise<Program>;

/** From the start of the program to the first instruction of its command, the Lease being free. */
export async function free(room: Room): Promise<Row[]> {
  const ours = { figures: [] as number[], start: (file: string) => room.leaderExec("free", file) };
  const theirs = { figures: [] as number[], start: (file: string) => room.clientGo("free-go", file) };
  const rounds = room.rounds(20);
  for (let round = 0; round < rounds; round++) {
    for (const { figures, start } of [ours, theirs]) {
      const file = room.newFile();
      const program = await start(file);
      const { at, pid } = await stamped(file, "start");
      if (round > 0) figures.push(at - program.startedAt); // the first one creates the Lease
      process.kill(pid, "SIGTERM"); // which is the program itself, where that does the work
      await program.exited;
    }
    room.progress(`free ${round + 1}/${rounds}`);
  }
  const base = { base: "client-go", baseFigures: theirs.figures };
  return [{ what: "start to command, Lease free", unit: "ms", figures: ours.figures, ...base, budget: null }];
}

/** From the expiry (the last renewal, plus the duration) to the first instruction of the standby's command. */
export async function crash(room: Room): Promise<Row[]> {
  const ours: Newcomer = (lease, file) => room.leaderExec(lease, file, { times: shortTimes });
  const theirs: Newcomer = (lease, file) => room.clientGo(lease, file, shortTimes);
  const [figures, baseFigures]: [number[], number[]] = [[], []];
  const rounds = room.rounds(4);
  for (let round = 0; round < rounds; round++) {
    room.progress(`crash ${round + 1}/${rounds}`);
    const lanes = [0, 1, 2, 3].map(async (lane) => {
      const lease = `crash-${round}-${lane}`;
      figures.push(await takeOver(room, `${lease}-ours`, ours, /standing by/));
      baseFigures.push(await takeOver(room, `${lease}-theirs`, theirs, /^leader ./m));
    });
    await Promise.all(lanes);
  }
  const base = { base: "client-go", baseFigures };
  return [{ what: "crash: expiry to command", unit: "ms", figures, ...base, budget: { most: 50 } }];
}

async function takeOver(room: Room, lease: string, newcomer: Newcomer, standsBy: RegExp): Promise<number> {
  const file = room.newFile();
  const leader = await newcomer(lease, file);
  await stamped(file, "start");
  const standby = await newcomer(lease, file);
  await standby.says(standsBy);
  await pause(1000 + Math.random() * 500);
  await killWithGuard(leader.pid); // a guard of ours would release the Lease
  await leader.kill();
  const { at } = await stamped(file, "start", 1);
  const writes = await room.lab.auditLog.entries(({ name, verb, status }) => {
    return name === lease && (verb === "update" || verb === "create") && status < 300;
  });
  await standby.kill();
  // A command never starts before its own acquisition, so the last write older than its start by less than that is it.
  const duration = Number.parseFloat(shortTimes.lease) * 1000;
  const holders = writes.map(({ requestObject }) => requestObject?.spec?.holderIdentity);
  const renewal = writes[holders.lastIndexOf(holders[0])];
  if (renewal?.doneAt === undefined) throw new Error(`no renewal of ${lease} in the audit log`);
  return at + wallAtZero() - (renewal.doneAt + duration);
}

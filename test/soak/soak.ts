// Three candidates for each Lease, random faults, and the question whether two commands ever ran at once:
//   npm run soak -- --minutes 60 --seed 1 [--leases 20]
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DEFAULT_VERSION, startLab, type Lab } from "../lab/index.ts";
import { Warden } from "../lab/warden.ts";
import { leaseSpan } from "../support/candidate.ts";
import { signalTo } from "./candidate.ts";
import { Group } from "./group.ts";
import { plan, type PlannedFault } from "./plan.ts";
import { progressLine, summary, type Tally } from "./report.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    leases: { type: "string", default: "20" },
  },
});
const [minutes, seed, leases] = [Number(values.minutes), Number(values.seed), Number(values.leases)];
if (!(minutes > 0 && Number.isInteger(seed) && Number.isInteger(leases) && leases > 0)) {
  console.error("usage: npm run soak -- [--minutes N] [--seed S] [--leases L], numbers above 0");
  process.exit(64);
}

/** How often the witnesses look; the probes sign every 10 ms and need no reader for that. */
const glance = 250;
const progressEvery = 30_000;
/** After the last fault each Lease has its command again within this time. */
const settling = 4 * leaseSpan + 15_000;

const folder = mkdtempSync(join(tmpdir(), "leader-exec-soak-"));
const warden = new Warden(folder);
let stopped = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (stopped = true));

let right = false;
try {
  console.log(`Kubernetes ${DEFAULT_VERSION}, ${leases} Leases, ${minutes} minutes, seed ${seed}`);
  // The audit log would grow by some MB a minute, and the witness here are the commands themselves.
  const lab = await startLab({ apiServerFlags: ["--audit-log-path=/dev/null"] });
  try {
    right = await soak(lab);
  } finally {
    await lab.stop();
  }
} finally {
  await warden.dismiss();
}
// Node 20 waits for ever, at full speed, for a request on a socket that was cut off in its middle, unless it is told to exit.
process.exit(right ? 0 : 1);

/** True when nothing went wrong. */
async function soak(lab: Lab): Promise<boolean> {
  const groups: Group[] = [];
  for (let index = 0; index < leases; index++) groups.push(await Group.open({ lab, warden, folder, seed, index }));
  const tally: Tally = { seed, groups, done: 0, skipped: 0, began: performance.now() };
  const faults = plan(seed, minutes * 60_000, leases);
  const underway = new Set<Promise<void>>();
  let nextProgress = progressEvery;
  let next = 0;
  while (!stopped && elapsed(tally) < minutes * 60_000) {
    for (; (faults[next]?.at ?? Infinity) <= elapsed(tally); next++) {
      const fault = faults[next];
      if (fault === undefined) break;
      const done: Promise<void> = inflict(lab, groups, fault).then((hit) => {
        if (hit) tally.done++;
        else tally.skipped++;
        underway.delete(done);
      });
      underway.add(done);
    }
    for (const group of groups) group.look();
    if (elapsed(tally) >= nextProgress) {
      console.log(progressLine(tally));
      nextProgress += progressEvery;
    }
    await pause(glance);
  }
  await Promise.all(underway);
  await settle(groups);
  await close(groups);
  console.log(summary(tally));
  return groups.every(
    ({ wrong, witness }) => wrong.length + witness.findings.overlaps.length + witness.findings.tokens.length === 0,
  );
}

async function inflict(lab: Lab, groups: readonly Group[], fault: PlannedFault): Promise<boolean> {
  if (fault.lease >= 0) return (await groups[fault.lease]?.inflict(fault)) ?? false;
  if (fault.kind === "restart the server") {
    await lab.apiServer.restart(["--audit-log-path=/dev/null"]);
    return true;
  }
  await lab.apiServer.freeze();
  await pause(fault.span);
  lab.apiServer.thaw();
  return true;
}

/** In the end each Lease has a command again: nobody sits there without contending. */
async function settle(groups: readonly Group[]): Promise<void> {
  const deadline = performance.now() + settling;
  let waiting = [...groups];
  while (waiting.length > 0 && performance.now() < deadline) {
    for (const group of groups) group.look();
    waiting = waiting.filter(({ witness }) => witness.present === undefined);
    await pause(glance);
  }
  for (const group of waiting) group.wrong.push(`no command runs ${settling / 1000} s after the last fault`);
}

/** Ends the candidates, and looks for what they leave behind. */
async function close(groups: readonly Group[]): Promise<void> {
  const left = new Set(groups);
  const closing = groups.map((group) => group.close().then(() => left.delete(group)));
  const glances = async (): Promise<void> => {
    for (const group of groups) group.look();
    await pause(glance);
  };
  while (left.size > 0) await glances();
  await Promise.all(closing);
  for (let more = 30; more > 0 && groups.some(({ witness }) => witness.present !== undefined); more--) await glances();
  for (const pid of groups.flatMap(({ witness }) => witness.terms.flatMap(({ alive }) => alive)))
    signalTo(pid, "SIGKILL");
}

function elapsed({ began }: Tally): number {
  return performance.now() - began;
}

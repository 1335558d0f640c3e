/**
 * The guard: a process of its own that hears from leader-exec what runs and until when, and kills it when that time passes
 * or leader-exec falls silent; then it has the Lease released. Entry of dist/guard.cjs; it imports as little as it can, because its memory is paid for in
 * every pod.
 *
 * A shell script would need a tenth of that, but not every image has a shell, and it can neither wait for a line and a
 * moment of the boot-time clock at once nor look through /proc without starting a process for each look.
 */
import { existsSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { Cgroup } from "./io/cgroup.ts";
import { createClock } from "./io/clock.ts";
import { GuardDuty } from "./io/guard-duty.ts";
import { lineReader, parseMessage } from "./io/guard-protocol.ts";
import { releaseOnBehalf } from "./io/guard-release.ts";
import { programOf } from "./io/load-bundle.ts";
import { forwardableSignals } from "./io/signals.ts";
import { newTree } from "./io/new-tree.ts";
import type { Tree } from "./io/tree.ts";

const fromLeader = 0;
const toLeader = 1;

process.title = "lease-guard"; // who means leader-exec or node by name must not hit us as well
process.chdir("/"); // no file system is kept busy by us
for (const { name } of forwardableSignals) process.on(name, () => undefined);

let cgroup: Cgroup | null = null;
const treeOf = (runId: string, since: number, folder: string | null): Tree => {
  // One that is not there any more has nobody inside. What else goes wrong ends this guard, and another one tries.
  cgroup = folder === null || !existsSync(folder) ? null : new Cgroup(folder);
  cgroup?.leaveIfBornInside(); // or the cgroup would never be empty
  return newTree(runId, since, () => cgroup);
};
const clock = createClock();
const duty = new GuardDuty(clock, treeOf, (code, orphaned) => {
  cgroup?.close(); // by whoever ends last, leader-exec or us
  if (orphaned === null) process.exit(code);
  void releaseOnBehalf(orphaned, clock, programOf("release")).finally(() => process.exit(code));
});
const answer = (number: number): void => {
  try {
    writeSync(toLeader, `ok ${number}\n`);
  } catch {
    // leader-exec is gone: its own end of the other pipe tells us at once
  }
};
const readLines = lineReader((line) => {
  const message = parseMessage(line);
  const number = message === null ? null : duty.receive(message);
  if (number !== null) answer(number);
});

// Not by fs.read: that would block a thread, and process.exit waits for all threads.
new Socket({ fd: fromLeader, readable: true, writable: false })
  .setEncoding("latin1")
  .on("data", readLines)
  .on("error", () => undefined) // `close` follows
  .on("close", () => duty.pipeClosed());
answer(0);

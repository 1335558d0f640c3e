/**
 * Releases one Lease on behalf of a leader-exec that died, and ends. Entry of dist/release.cjs, started by a guard (guard-release.ts),
 * which has seen that leader-exec is dead and that its process tree is gone. The guard stays small so: all that reads credentials and
 * speaks to a store lives for a moment only. Standard input says what is to be done; stderr is at another number than usual.
 */
import { readFileSync } from "node:fs";
import { releaseFor, type Estate } from "./core/on-behalf.ts";
import type { LogLine, Millis } from "./core/types.ts";
import { withdraw } from "./io/candidate-withdrawal.ts";
import { createClock } from "./io/clock.ts";
import { leaderStderr } from "./io/guard-release.ts";
import { StderrLog } from "./io/log.ts";
import { openStore } from "./io/open-store.ts";
import type { ReleaseTask } from "./io/release-order.ts";
import { stderrSink } from "./io/stderr-sink.ts";
import { forwardableSignals } from "./io/signals.ts";
import { LocalTrouble, type LeaseStore } from "./world.ts";

const mostTries = 30;
const oneRequest: Millis = 1_500;
const firstPause: Millis = 20;
const longestPause: Millis = 500;

/** What became of it: the last failure is told when there was no time left. */
type End =
  | { readonly kind: "released" | "not-ours" | "withdrawn" | "not-withdrawn" }
  | { readonly kind: "failed"; readonly message: string };

process.title = "lease-release"; // who means leader-exec or node by name must not hit us as well
for (const { name } of forwardableSignals) process.on(name, () => undefined); // systemd ends the rest of a unit with SIGTERM

const task = JSON.parse(readFileSync(0, "utf8")) as ReleaseTask;
const clock = createClock();
const log = new StderrLog(task.log, () => clock.wall(), stderrSink(leaderStderr));
setTimeout(() => process.exit(1), Math.max(0, task.until - clock.now())); // the guard may not be there any more to see to that

async function release(): Promise<End> {
  try {
    const { store, peer } = await openStore(task.choice, clock, process.env);
    const isGone =
      !task.isCandidate || peer === null || (await withdraw(peer, task.identity, clock.now() + oneRequest));
    if (task.term === null) return { kind: isGone ? "withdrawn" : "not-withdrawn" };
    return await releaseIn(store, { ...task, ...task.term });
  } catch (error) {
    if (error instanceof LocalTrouble) return { kind: "failed", message: error.message };
    throw error;
  }
}

/** Looks and writes until it is done, or somebody else is the holder. */
async function releaseIn(store: LeaseStore, estate: Estate): Promise<End> {
  const deadline = (): Millis => Math.min(clock.now() + oneRequest, task.until);
  let message = "other writers were faster, again and again";
  for (let tries = 0; tries < mostTries; tries++) {
    if (tries > 0) await pause(Math.min(firstPause * 2 ** (tries - 1), longestPause));
    const askedAt = clock.now();
    const found = await store.read(deadline());
    if (found.kind === "missing") return { kind: "not-ours" };
    if (found.kind === "failed") {
      message = found.message;
      continue;
    }
    const write = releaseFor(estate, found, { at: askedAt, wall: clock.wall() });
    if (write === null) return { kind: "not-ours" };
    const written = await store.write(write, deadline());
    if (written.kind === "stored") return { kind: "released" };
    if (written.kind === "missing") return { kind: "not-ours" };
    if (written.kind === "failed") message = written.message;
  }
  return { kind: "failed", message };
}

const pause = (span: Millis): Promise<void> => new Promise((resolve) => setTimeout(resolve, span));

function lineOf(end: End): LogLine {
  const stoodBy = `leader-exec (pid ${task.pid}) died while standing by`;
  const who = `leader-exec (pid ${task.pid}) died, and its guard has killed all that it ran`;
  const about = { kind: "guard-released", fields: { pid: task.pid } } as const;
  switch (end.kind) {
    case "released":
      return { level: "warn", message: `${who} and released the Lease; look for what killed leader-exec`, ...about };
    case "not-ours":
      return { level: "debug", message: `${who}; the Lease is not its own any more, so it is left alone`, ...about };
    case "withdrawn": {
      const message = `${stoodBy}, and its guard has deleted its LeaseCandidate; look for what killed leader-exec`;
      return { level: "warn", message, ...about };
    }
    case "not-withdrawn": {
      const message = `${stoodBy}, and its guard could not delete its LeaseCandidate ${task.identity}: each election waits for its answer for up to 30 minutes; delete it`;
      return { level: "warn", message, ...about };
    }
    case "failed": {
      const then = "others wait until it has expired";
      return { level: "warn", message: `${who}; the Lease could not be released (${end.message}); ${then}`, ...about };
    }
  }
}

async function main(): Promise<void> {
  log.write(lineOf(await release()));
  await log.drain(1_000);
  process.exit(0);
}

void main().catch((error: unknown) => {
  log.write(lineOf({ kind: "failed", message: String(error) }));
  process.exit(1);
});

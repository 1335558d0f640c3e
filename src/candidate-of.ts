/** From the options to what the core knows of a candidate. */
import { createHash } from "node:crypto";
import type { ReadSchedule } from "./bundles/schedule.ts";
import type { Patience } from "./core/job.ts";
import { formatTime } from "./core/time-of-day.ts";
import type { Candidate, Millis } from "./core/types.ts";
import type { Options } from "./options.ts";

/** `startedAt`: from when on a limited wait counts, on the candidate's own clock. */
export function candidateOf(
  options: Options,
  identity: string,
  namespace: string,
  read: ReadSchedule | null,
  startedAt: Millis,
): Candidate {
  const { timing, stopSignal, stopSignalReplacesTerm, job, leaseName } = options;
  const { wait, holdAtLeast, maxRun } = job;
  const patience: Patience =
    wait === null
      ? { kind: "endless" }
      : wait === 0
        ? { kind: "none" }
        : { kind: "limited", until: startedAt + wait, span: wait };
  const once =
    job.once === null ? null : { ...job.once, hash: hashOf(job.once.key), lease: `${namespace}/${leaseName}` };
  const schedule = read === null ? null : { ticks: read.ticks, catchUp: job.schedule?.catchUp ?? "none" };
  const asked = { patience, holdAtLeast, maxRun, once, schedule };
  return { identity, timing, stopSignal, stopSignalReplacesTerm, job: asked };
}

/** What stands for a key of --once in the record: 128 bits of its SHA-256 (FIPS 180-4), 22 characters. */
function hashOf(key: string): string {
  return createHash("sha256").update(key).digest().subarray(0, 16).toString("base64url");
}

/** For the start line. */
export function scheduleTold({ ticks, description }: ReadSchedule, now: Millis): string {
  return `${description}, next tick ${formatTime(ticks.after(now))}`;
}

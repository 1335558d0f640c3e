import type { LogLine } from "./core/types.ts";
import { formatDuration } from "./duration.ts";
import type { Options } from "./options.ts";
import { version } from "./version.ts";

/** The first line of an election: who contends for what, where, with which four times, and when or how often its command runs. */
export function startLine(
  { leaseName, timing, job, coordinated }: Options,
  where: string,
  namespace: string,
  identity: string,
  schedule: string | null,
): LogLine {
  const { leaseDuration, renewDeadline, retryPeriod, killAfter } = timing;
  const times = { "lease duration": leaseDuration, "renew deadline": renewDeadline, "retry period": retryPeriod };
  const all = Object.entries({ ...times, "kill-after": killAfter }).map(
    ([name, span]) => `${name} ${formatDuration(span)}`,
  );
  return {
    level: "info",
    kind: "contending",
    message: `version ${version}, contending for the Lease ${namespace}/${leaseName} as ${identity}; ${where}; ${all.join(", ")}${job.once === null ? "" : `; once for "${job.once.key}"`}${schedule === null ? "" : `; ${schedule}`}${coordinated === null ? "" : `; coordinated (${coordinated.mode})`}`,
    fields: {},
  };
}

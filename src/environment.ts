/** The environment of the command. Pure: from our own environment and what is known about the Lease. */
import type { StoredLease } from "./core/lease.ts";
import { formatTime } from "./core/time-of-day.ts";
import type { Millis } from "./core/types.ts";
import { formatMicroTime } from "./io/lease-json.ts";
import { runIdVariable, withRunId } from "./tree-mark.ts";

/** What the command is told about the election besides the Lease itself. */
export interface CommandFacts {
  readonly leaseName: string;
  readonly leaseNamespace: string;
  readonly identity: string;
  readonly runId: string;
}

const ownSettings = "LEADER_EXEC_";
const leaseVariables = [
  "LEADER_LEASE_NAME",
  "LEADER_LEASE_NAMESPACE",
  "LEADER_LEASE_UID",
  "LEADER_IDENTITY",
  "LEADER_ACQUIRE_TIME",
  "LEADER_TRANSITIONS",
  "LEADER_FENCING_TOKEN",
] as const;
const tickVariable = "LEADER_SCHEDULED_TIME";

/**
 * Our own environment without our settings (LEADER_EXEC_*), with the LEADER_ variables of the Lease as it was acquired (with a
 * schedule: as the tick was recorded on it), and with this run's id added to LEADER_RUN_ID. `lease` null: leader election is off; then variables of an outer leader-exec
 * are removed, so that nothing looks elected that is not. All else, NODE_OPTIONS too, reaches the command unchanged.
 */
export function commandEnvironment(
  base: Readonly<Record<string, string | undefined>>,
  lease: StoredLease | null,
  facts: CommandFacts,
  tick: Millis | null = null,
): Record<string, string> {
  const environment: Record<string, string> = {};
  const dropped = new Set<string>([...leaseVariables, tickVariable]);
  for (const [name, value] of Object.entries(base)) {
    if (value === undefined || name.startsWith(ownSettings) || dropped.has(name)) continue;
    environment[name] = value;
  }
  environment[runIdVariable] = withRunId(base[runIdVariable], facts.runId);
  if (tick !== null) environment[tickVariable] = formatTime(tick);
  return lease === null ? environment : { ...environment, ...aboutLease(lease, facts) };
}

function aboutLease(lease: StoredLease, facts: CommandFacts): Record<(typeof leaseVariables)[number], string> {
  return {
    LEADER_LEASE_NAME: facts.leaseName,
    LEADER_LEASE_NAMESPACE: facts.leaseNamespace,
    LEADER_LEASE_UID: lease.uid,
    LEADER_IDENTITY: facts.identity,
    LEADER_ACQUIRE_TIME: formatMicroTime(lease.record.acquireTime ?? 0),
    LEADER_TRANSITIONS: String(lease.record.transitions),
    LEADER_FENCING_TOKEN: lease.version,
  };
}

/** What one hand-over cost the API server, read from its audit log. */
import type { AuditEntry } from "../test/lab/index.ts";

export interface ChangeOfHands {
  /** Writes of the Lease that are no renewals: the release, and every try to acquire. */
  readonly puts: number;
  /** Those of them that came too late. */
  readonly conflicts: number;
  readonly reads: number;
  /** Tries to acquire that succeeded. */
  readonly winners: number;
  /** When the release was answered, in milliseconds of the time of day. */
  readonly releasedAt: number;
}

/** @param entries all requests for the Lease from before the release to when all is quiet again, in their order */
export function changeOfHands(entries: readonly AuditEntry[]): ChangeOfHands {
  const writes = entries.filter(({ verb }) => verb === "update" || verb === "create");
  const released = writes.findIndex((write) => succeeded(write) && holderIn(write) === "");
  const release = writes[released];
  if (release?.doneAt === undefined) throw new Error("the audit log has no release of the Lease");
  const tries = writes.slice(released + 1).filter((write) => holderIn(write) !== "");
  const winner = tries.find(succeeded);
  const acquires = tries.filter((write) => write === winner || holderIn(write) !== holderIn(winner));
  return {
    puts: 1 + acquires.length,
    conflicts: acquires.filter(({ status }) => status === 409).length,
    reads: entries.filter(({ verb }) => verb === "get").length,
    winners: acquires.filter(succeeded).length,
    releasedAt: release.doneAt,
  };
}

const succeeded = ({ status }: AuditEntry): boolean => status >= 200 && status < 300;

function holderIn(write: AuditEntry | undefined): string | null | undefined {
  return write?.requestObject?.spec?.holderIdentity;
}

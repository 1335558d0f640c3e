import type { Coordination, Done, LeaseRecord } from "./lease.ts";
import type { Millis, Turn } from "./types.ts";

/** What a release leaves behind besides the free Lease. */
export interface Bequest {
  readonly coordination: Coordination | null;
  readonly holdUntil: Millis | null;
  readonly done: Done | null;
  readonly lastTick: string | null;
}

/** As client-go writes it: holder `""` (null would lock out the C# and Rust clients), duration 1, times now. */
export function releasedRecord(transitions: number, bequest: Bequest, { wall }: Pick<Turn, "wall">): LeaseRecord {
  const times = { acquireTime: wall, renewTime: wall };
  return { holder: "", durationSeconds: 1, ...times, transitions, markedBy: null, stepDown: null, ...bequest };
}

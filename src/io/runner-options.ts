import type { StoredLease } from "../core/lease.ts";
import type { LogLine, Millis } from "../core/types.ts";
import type { Options } from "../options.ts";
import type { Clock } from "../world.ts";

/** What a command is run with. */
export interface RunnerOptions {
  /** Byte for byte as given after `--`. */
  readonly command: readonly [string, ...string[]];
  /** The command's whole environment; it must carry `runId` in LEADER_RUN_ID. */
  readonly environment: (lease: StoredLease | null, tick: Millis | null) => Readonly<Record<string, string>>;
  /** Unique in the world, no spaces or commas: by it the tree is found again. */
  readonly runId: string;
  /** False: --guard off. */
  readonly guard: boolean;
  /** What a guard needs to release the Lease should we die (release-order.ts); null: it is left to expire. */
  readonly order: string | null;
  readonly processTree: Options["processTree"];
  /** Told which way of following the tree holds, and why. */
  readonly tell: (line: LogLine) => void;
  readonly clock: Clock;
  /**
   * What else there is to be rehearsed while standing by. Null: this process has started a command before, and nothing is slow for the
   * first time any more.
   */
  readonly rehearsal: (() => Promise<unknown>) | null;
}

import type { Job } from "./job.ts";
import type { Millis } from "./types.ts";

/** The times that govern one candidate, all in milliseconds; `options.ts` checks the inequalities between them. */
export interface Timing {
  readonly leaseDuration: Millis;
  readonly renewDeadline: Millis;
  readonly retryPeriod: Millis;
  readonly killAfter: Millis;
  readonly terminationGracePeriod: Millis;
  /** 0: keep trying for ever. */
  readonly startupTimeout: Millis;
}

/** What one candidate is, for its whole life. */
export interface Candidate {
  /** Unique per process; what is written as holderIdentity. */
  readonly identity: string;
  readonly timing: Timing;
  /** First signal when leadership is lost. */
  readonly stopSignal: string;
  /** True when the user gave the stop signal: it then also replaces a SIGTERM sent to us. */
  readonly stopSignalReplacesTerm: boolean;
  readonly job: Job;
}

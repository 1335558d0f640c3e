/**
 * The vocabulary of the core. Everything here is data: time, chance and answers come in as values, wishes go out as
 * values (effects). Words are those of the field: candidate, holder, standby, leading, renew, lose, release.
 */
import type { Candidate } from "./candidate.ts";
import type { Flaw } from "./done.ts";
import type { Elector } from "./elector.ts";
import type { Obstacle, Once, Patience } from "./job.ts";
import type { ReadResult, StoredLease, Write, WriteResult } from "./lease.ts";
import type { LossCause } from "./loss.ts";
import type { ScheduleReport } from "./schedule-report.ts";

export type { Candidate, Timing } from "./candidate.ts";
export type { LossCause } from "./loss.ts";
export type { LogLine } from "./log-line.ts";

/** A time span or a point on the candidate's own clock, in milliseconds. */
export type Millis = number;

/** One look at the clocks: what a step may know about time, and its one random number. */
export interface Moment {
  /** The candidate's own clock: monotonic, counts suspend, not related to the time of day. */
  readonly at: Millis;
  /** Time of day, in milliseconds since 1970. Written into records, and compared with the ticks of a schedule: it decides nothing else. */
  readonly wall: Millis;
  /** A random number in [0, 1), used for jitter. */
  readonly chance: number;
}

/** How the command ended. `signal` as its name ("SIGKILL"). */
export type CommandEnd =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signaled"; readonly signal: string; readonly number: number };

/** Why the command could not be started. */
export interface StartFailure {
  readonly reason: "not-found" | "not-executable" | "no-guard" | "failed";
  readonly message: string;
}

/** A signal that was sent to leader-exec. */
export interface SignalName {
  readonly name: string;
  readonly number: number;
}

/** What every step knows beside the state and the event: the moment, who it is done for, and who elects just now. */
export interface Turn extends Moment {
  readonly me: Candidate;
  readonly elector: Elector;
}

/** What can happen to a candidate. `id` repeats the id of the request that is answered. */
export type Event =
  | { readonly kind: "tick" }
  | { readonly kind: "read"; readonly id: number; readonly result: ReadResult }
  | { readonly kind: "written"; readonly id: number; readonly result: WriteResult }
  | { readonly kind: "watched"; readonly lease: StoredLease }
  | { readonly kind: "watched-deletion" }
  | { readonly kind: "watch-ended"; readonly reason: "closed" | "forbidden" | "failed" }
  | { readonly kind: "command-started"; readonly pid: number }
  | { readonly kind: "command-not-started"; readonly failure: StartFailure }
  | { readonly kind: "command-ended"; readonly end: CommandEnd }
  | { readonly kind: "tree-gone" }
  | { readonly kind: "guard-lost"; readonly message: string }
  | { readonly kind: "signal"; readonly signal: SignalName };

/** What a step wants done. Requests are answered by an event with their id, at the latest at `deadline`. */
export type Effect =
  | { readonly kind: "read"; readonly id: number; readonly deadline: Millis }
  | {
      readonly kind: "write";
      readonly id: number;
      readonly write: Write;
      readonly deadline: Millis;
    }
  /** Watch from this version on (null: from now), after closing an older watch. */
  | { readonly kind: "watch"; readonly since: string | null }
  /** Start the command under a guard that kills its tree at `killAt`. `lease` null: no election; `tick` null: no schedule. */
  | {
      readonly kind: "start";
      readonly lease: StoredLease | null;
      readonly killAt: Millis;
      readonly tick: Millis | null;
    }
  /** Tell the guard that the kill deadline moved. */
  | { readonly kind: "guard-until"; readonly killAt: Millis }
  /** Send this signal to the command alone (`command`) or to its whole process tree (`tree`). */
  | { readonly kind: "forward"; readonly signal: string; readonly to: "command" | "tree" }
  /** SIGKILL the whole tree, in rounds, until it is gone. */
  | { readonly kind: "kill-tree" }
  /** Where the server elects: take our candidacy back, or have it anew. */
  | { readonly kind: "candidacy"; readonly wish: "withdraw" | "register" }
  | { readonly kind: "report"; readonly report: Report }
  | { readonly kind: "finish"; readonly outcome: Outcome };

/** How a run of leader-exec ends; `outcome.ts` turns it into an exit code and the closing sentence. */
export type Outcome =
  | { readonly kind: "command-ended"; readonly end: CommandEnd; readonly released: Released }
  /** The success of `--once` is on the Lease. */
  | { readonly kind: "recorded"; readonly once: Once }
  | {
      readonly kind: "unrecorded";
      readonly once: Once;
      readonly released: Released;
      readonly because: Flaw | { readonly message: string | null };
    }
  | { readonly kind: "done-before"; readonly once: Once; readonly at: Millis }
  | { readonly kind: "once-refused"; readonly once: Once; readonly flaw: Flaw }
  | { readonly kind: "command-not-started"; readonly failure: StartFailure }
  /** `idle`: no command ran. */
  | { readonly kind: "lost"; readonly cause: LossCause; readonly idle: boolean }
  | {
      readonly kind: "stopped";
      readonly signal: SignalName;
      readonly end: CommandEnd;
      readonly released: Released;
    }
  | { readonly kind: "stopped-standby"; readonly signal: SignalName }
  | { readonly kind: "stopped-idle"; readonly signal: SignalName; readonly released: Released }
  /** Only of a job that does not stand by again. `end` null: no command had been started. */
  | { readonly kind: "stepped-down"; readonly end: CommandEnd | null; readonly released: Released }
  | { readonly kind: "unreadable-tick"; readonly text: string }
  | { readonly kind: "overrun"; readonly limit: Millis; readonly end: CommandEnd; readonly released: Released }
  | { readonly kind: "not-acquired"; readonly obstacle: Obstacle; readonly patience: Patience }
  | StartTrouble;

/** What was in the way, and how long until which flag's time was over. */
export interface StartTrouble {
  readonly kind: "start-trouble";
  readonly message: string;
  readonly waited: Millis;
  readonly limit: "--startup-timeout" | "--wait";
}

/** Whether others can take over at once, or have to wait for the Lease to expire. `no-lease`: leader election is off. */
export type Released = "released" | "not-released" | "not-ours" | "no-lease";

/** What a user is told while leader-exec runs, one line a change; `report.ts` has the sentences. */
export type Report =
  | ScheduleReport
  | {
      readonly kind: "standing-by";
      readonly holder: string;
      readonly waits: WaitsFor;
      readonly forAtMost: Millis;
    }
  | { readonly kind: "acquired"; readonly lease: StoredLease; readonly from: AcquiredFrom }
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "unguarded"; readonly message: string }
  | { readonly kind: "renew-failed"; readonly message: string; readonly left: Millis }
  | { readonly kind: "renewed-again"; readonly after: Millis }
  | { readonly kind: "lost"; readonly cause: LossCause }
  | { readonly kind: "stopping"; readonly signal: string; readonly killIn: Millis }
  /** Asked on the Lease to step down. `to`: by the server, for this one; `signal`: what the command gets; null: none runs. */
  | {
      readonly kind: "step-down";
      readonly id: string;
      readonly to: string | null;
      readonly signal: string | null;
      readonly killIn: Millis;
    }
  /** `span`: so long it does not contend. */
  | { readonly kind: "stepped-down"; readonly end: CommandEnd | null; readonly span: Millis }
  | { readonly kind: "overrun"; readonly limit: Millis; readonly killIn: Millis }
  | { readonly kind: "killing"; readonly why: KillReason }
  | { readonly kind: "tree-alive"; readonly since: Millis }
  | { readonly kind: "store-trouble"; readonly message: string; readonly retryIn: Millis }
  /** The server elected us, and we could not confirm it for so long: no candidate for the time of `rest`. */
  | { readonly kind: "unconfirmed"; readonly message: string; readonly after: Millis; readonly rest: Millis }
  | { readonly kind: "store-recovered" }
  | { readonly kind: "watch-down"; readonly reason: string; readonly pollEvery: Millis }
  | { readonly kind: "released"; readonly released: Released; readonly message: string | null };

export type KillReason = "grace-over" | "deadline" | "other-holder" | "second-signal" | "no-guard";
export type AcquiredFrom = "created" | "released" | "expired" | "own" | "deleted" | "elected" | "unelected";
export type WaitsFor = "holder" | "pause" | "election" | "earlier";

import type { Deadlines } from "./deadlines.ts";
import type { View } from "./election.ts";
import type { Ending } from "./ending.ts";
import type { Pause } from "./hold-back.ts";
import type { StoredLease, Write } from "./lease.ts";
import type { Plan, Resume } from "./schedule.ts";
import type { ServerClock } from "./server-clock.ts";
import type { AcquiredFrom, CommandEnd, LossCause, Millis, SignalName } from "./types.ts";
import type { Unconfirmed } from "./unconfirmed.ts";
import type { Told } from "./who-leads.ts";

export type { Ending } from "./ending.ts";

/** A candidate's state; the drawing stands in lifecycle.ts. */
export type State = Direct | Standby | Leading | Stopping | Releasing | Finished;

export interface Direct {
  readonly phase: "direct";
  readonly command: "waiting" | "starting" | "running";
  readonly overrunAt: Millis;
}

export interface Standby {
  readonly phase: "standby";
  readonly ids: number;
  readonly view: View;
  readonly request: StandbyRequest | null;
  readonly watch: WatchState;
  /** A read was older than what a watch had told; a second one in a row is believed (a restored etcd). */
  readonly doubted: boolean;
  /** When to read again although nothing was told. */
  readonly lookAt: Millis;
  /** An acquire did not succeed: the Lease is read before the next one. */
  readonly mustLook: boolean;
  /** Nor is the next one sent before this, whatever is told meanwhile. */
  readonly pauseUntil: Millis;
  /** Stepped down, or unable to confirm an election: the Lease is not acquired before this, whoever else does not want it. */
  readonly restUntil: Millis;
  readonly startedAt: Millis;
  /**
   * The Lease was seen once, or somebody else was seen to create it: from then on nothing that the store does ends us. That
   * there is none proves nothing: an API server says so of a namespace that does not exist, too.
   */
  readonly contact: boolean;
  readonly reads: Trouble;
  readonly acquires: Trouble;
  /** How often in a row somebody else was faster at acquiring. */
  readonly lostRaces: number;
  readonly unconfirmed: Unconfirmed;
  readonly told: Told;
}

export type StandbyRequest =
  { readonly kind: "read"; readonly id: number } | (AcquireRequest & { readonly kind: "acquire" });

interface AcquireRequest {
  readonly id: number;
  readonly sentAt: Millis;
  readonly write: Write;
  readonly from: AcquiredFrom;
}

/** Failures in a row, and the cause that the last report named. */
export interface Trouble {
  readonly failures: number;
  readonly message: string | null;
}

export type WatchState =
  | { readonly kind: "open"; readonly since: Millis; readonly heardAt: Millis; readonly failures: number }
  | { readonly kind: "down"; readonly retryAt: Millis; readonly failures: number };

/** What we know about the Lease that is ours, and how its renewal goes. */
export interface Hold {
  readonly lease: StoredLease;
  /** When the last write that counts was sent. */
  readonly sentAt: Millis;
  readonly deadlines: Deadlines;
  /** The write under way; at most one. */
  readonly request: HoldRequest | null;
  readonly nextAttemptAt: Millis;
  /** Failures and conflicts in a row, for the back-off, and since when. */
  readonly trouble: {
    readonly count: number;
    readonly since: Millis;
    readonly message: string;
  } | null;
  readonly conflicts: number;
  /** Where renewTime and our clock were together once: a wall clock that steps back must not take renewTime along. */
  readonly anchor: { readonly at: Millis; readonly wall: Millis };
  /** A create of ours was never answered: a conflict may then be with ourselves. */
  readonly createUnanswered: boolean;
  readonly server: ServerClock;
  /** What the release will ask leader-exec candidates for. */
  readonly pause: Pause | null;
  /** The tick that renewals write as the last one; null: they keep what is there. */
  readonly tick: Millis | null;
  /** The one that the last confirmed write of ours carried. */
  readonly stored: Millis | null;
}

export type HoldRequest =
  | {
      readonly kind: "write";
      readonly id: number;
      readonly sentAt: Millis;
      readonly write: Write;
      readonly deadline: Millis;
      readonly tick: Millis | null;
    }
  | { readonly kind: "read"; readonly id: number; readonly deadline: Millis };

export interface Leading {
  readonly phase: "leading";
  readonly ids: number;
  readonly hold: Hold;
  readonly watch: WatchState;
  /** `waiting`: acquired so late that the Lease is renewed first; with a schedule, its tick was recorded so late. `idle`: no tick is due. */
  readonly command: "waiting" | "idle" | "starting" | "running";
  /** Null: no schedule. */
  readonly plan: Plan | null;
  /** From then on the command has run for too long; Infinity while it does not run. */
  readonly overrunAt: Millis;
}

export interface Stopping {
  readonly phase: "stopping";
  readonly ids: number;
  /** Null: the Lease is not ours any more, or there never was one. */
  readonly hold: Hold | null;
  /** False: leader election is off. */
  readonly elected: boolean;
  readonly why: StopReason;
  readonly since: Millis;
  /** When the grace that the command has is over. */
  readonly graceEnds: Millis;
  /** Since when the tree is being killed; null while it may still end by itself. */
  readonly killing: { readonly since: Millis; readonly complainAt: Millis } | null;
  /** A command that is not there yet cannot be signalled: what it gets once it is. */
  readonly command: { readonly kind: "starting"; readonly signal: string } | { readonly kind: "there" };
  readonly end: CommandEnd | null;
  /** What goes on when the tree is gone; null: nothing, the Lease is released. */
  readonly resume: Resume | null;
}

export type StopReason =
  | { readonly kind: "lost"; readonly cause: LossCause }
  | { readonly kind: "asked"; readonly signal: SignalName }
  | { readonly kind: "overrun"; readonly limit: Millis }
  | { readonly kind: "step-down"; readonly to: string | null }
  | { readonly kind: "ended" };

/** The tree is gone, or there never was one. */
export interface Releasing {
  readonly phase: "releasing";
  readonly ids: number;
  readonly ending: Ending;
  /** The release asks leader-exec candidates to hold back until then, by the server's clock. */
  readonly holdUntil: Millis | null;
  /** The tick that it leaves as the last one; null: it keeps what is there. */
  readonly tick: Millis | null;
  /** The Lease as last known; null while an acquiring write is not answered. */
  readonly lease: StoredLease | null;
  /** A release did not succeed: the Lease is read before the next one. */
  readonly mustLook: boolean;
  readonly request: { readonly kind: "acquire" | "write" | "read"; readonly id: number } | null;
  readonly retryAt: Millis;
  readonly withdrawBy: Millis; // so long it waits for our candidacy to be taken back
  readonly failures: number;
  readonly message: string | null;
  readonly giveUpAt: Millis;
}

export interface Finished {
  readonly phase: "finished";
}

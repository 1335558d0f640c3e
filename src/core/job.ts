/** What a job asks for and a service does not: an end to the waiting, a pause after its run, a limit on its run, one success alone, times. */
import type { Schedule } from "./schedule.ts";
import type { Millis } from "./types.ts";

/** How long a candidate waits for the Lease. */
export type Patience =
  | { readonly kind: "endless" }
  /** `until`: on the candidate's own clock; `span`: what it was asked for. */
  | { readonly kind: "limited"; readonly until: Millis; readonly span: Millis }
  /** It ends as soon as it sees that somebody else is there. */
  | { readonly kind: "none" };

export interface Job {
  readonly patience: Patience;
  /** Nobody else runs within this time from the acquisition on, however short the run was; 0: no pause. */
  readonly holdAtLeast: Millis;
  /** A command that runs longer is stopped; Infinity: no limit. */
  readonly maxRun: Millis;
  /** Run until it has succeeded once; null: each time. */
  readonly once: Once | null;
  /** The command runs at these times, again and again; null: once, as soon as the Lease is acquired. */
  readonly schedule: Schedule | null;
}

/** What is to succeed once. */
export interface Once {
  readonly key: string;
  /** What stands for the key in the record. */
  readonly hash: string;
  /** A success is forgotten after this long; Infinity: never. */
  readonly ttl: Millis;
  /** The Lease, for people. */
  readonly lease: string;
}

const always = { once: null, schedule: null };
/** A candidate that waits for ever and runs for ever. */
export const service: Job = { patience: { kind: "endless" }, holdAtLeast: 0, maxRun: Infinity, ...always };

/** Why a candidate that does not wait for ever did not get the Lease. */
export type Obstacle =
  /** `heldFor`: null when the record does not say since when. */
  | { readonly kind: "held"; readonly holder: string; readonly heldFor: Millis | null }
  /** Nobody holds it, but the last run asked for a pause. */
  | { readonly kind: "held-back"; readonly left: Millis }
  /** Somebody else was faster, and is done already. */
  | { readonly kind: "overtaken" }
  /** It became free when there was no time left to take it. */
  | { readonly kind: "late" }
  /** It could not be told in time whether anybody is at work. */
  | { readonly kind: "unclear" };

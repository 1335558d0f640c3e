/** The vocabulary of the candidacy (candidacy.ts): what it knows, hears and asks for. All data, as in types.ts. */
import type { Elector } from "./elector.ts";
import type { StoreFailure } from "./lease.ts";
import type { LogLine, Millis } from "./types.ts";

/** Microseconds since 1970: the server compares its pings with our answers in these. */
export type Micros = number;

/** What we tell the server of ourselves, for our whole life. */
export interface Profile {
  /** Also the name of the LeaseCandidate. */
  readonly identity: string;
  readonly lease: string;
  readonly binaryVersion: string;
  readonly emulationVersion: string;
  readonly strategy: string;
  /** What if the server does not elect: `auto` takes the Lease the plain way, `always` waits. */
  readonly mode: "auto" | "always";
  /** The server's clock may differ from ours by so much. */
  readonly offsetLimit: Millis;
}

/** Our LeaseCandidate as the server has it. */
export interface StoredCandidate {
  readonly version: string;
  readonly pingTime: Micros | null;
  readonly renewTime: Micros | null;
  /** The whole object, for a replace. Opaque to the core. */
  readonly object: unknown;
}

/** What other candidates for the same Lease tell of themselves. */
export type Rival = Pick<Profile, "identity" | "binaryVersion" | "strategy">;

/** `api`: the version of the API that serves LeaseCandidates. */
export type Ask =
  | { readonly kind: "discover" }
  | { readonly kind: "create"; readonly api: string; readonly renewTime: Micros }
  | { readonly kind: "update"; readonly api: string; readonly base: StoredCandidate; readonly renewTime: Micros }
  | { readonly kind: "read" | "delete" | "list"; readonly api: string };

export type AskAnswer =
  | { readonly kind: "served"; readonly api: string; readonly serverTime?: Millis }
  /** There is no such API on this server (any more). */
  | { readonly kind: "unserved"; readonly message: string }
  | { readonly kind: "stored"; readonly candidate: StoredCandidate; readonly serverTime?: Millis }
  | { readonly kind: "conflict" | "missing" | "deleted" }
  | { readonly kind: "rivals"; readonly rivals: readonly Rival[] }
  | StoreFailure;

/** `leave`: for good. */
export type Wish = "register" | "withdraw" | "leave";

export type CandidacyEvent =
  | { readonly kind: "tick" }
  | { readonly kind: "wish"; readonly wish: Wish }
  | { readonly kind: "answered"; readonly id: number; readonly answer: AskAnswer }
  | { readonly kind: "watched"; readonly candidate: StoredCandidate }
  | { readonly kind: "watched-deletion" }
  | { readonly kind: "watch-ended"; readonly reason: "closed" | "forbidden" | "failed" };

export type CandidacyEffect =
  | { readonly kind: "ask"; readonly id: number; readonly ask: Ask; readonly deadline: Millis }
  /** Watch from this version on, after closing an older watch. */
  | { readonly kind: "watch"; readonly api: string; readonly since: string }
  | { readonly kind: "unwatch" }
  | { readonly kind: "tell"; readonly line: LogLine }
  /** Nothing of us is left on the server, or we do not get at it. */
  | { readonly kind: "left" };

/** The moment, and who it is about. */
export interface CandidacyTurn {
  /** Our own clock. */
  readonly at: Millis;
  /** Time of day. */
  readonly wall: Millis;
  readonly profile: Profile;
}

export interface Candidacy {
  /** `anew`: what is there is deleted first, then registered. */
  readonly wish: Wish | "anew";
  readonly ids: number;
  readonly request: { readonly id: number; readonly kind: Ask["kind"]; readonly sentAt: Millis } | null;
  /** Null: not known whether it is served. */
  readonly api: string | null;
  /** Null: not there. */
  readonly stored: StoredCandidate | null;
  /** A create was never answered: it may be there all the same. */
  readonly unsure: boolean;
  /** The server elects by another time of day. */
  readonly refused: boolean;
  /** How often in a row we had to give up a LeaseCandidate that we may not read or renew. */
  readonly barred: number;
  readonly registeredOnce: boolean;
  /** Nothing is asked before this. */
  readonly pauseUntil: Millis;
  readonly renewAt: Millis;
  /** Leaving waits for nothing any longer then. */
  readonly leaveBy: Millis;
  /** When to look at it although nothing was told. */
  readonly lookAt: Millis;
  readonly listAt: Millis;
  /** How often others were looked at since we registered. */
  readonly lists: number;
  readonly watch: { readonly kind: "open" } | { readonly kind: "down"; readonly retryAt: Millis };
  readonly failures: number;
  /** What was told last of what is wrong, and of others. */
  readonly trouble: string | null;
  readonly quarrel: string | null;
  /** The same of a LeaseCandidate of ours that we could not take back. */
  readonly left: string | null;
  readonly elector: Elector;
}

/** Leases as values: what a store is asked, and what it answers. */
import type { Millis } from "./types.ts";

/** The fields of a Lease's spec, and leader-exec's annotations. Times are milliseconds since 1970. */
export interface LeaseRecord {
  /** `""` means that nobody holds the Lease. */
  readonly holder: string;
  /** Whole seconds; null when the writer left it out. */
  readonly durationSeconds: number | null;
  readonly acquireTime: Millis | null;
  readonly renewTime: Millis | null;
  readonly transitions: number;
  /** The server elects on this Lease, by its own clock (coordinated leader election); null: it leaves it alone. */
  readonly coordination: Coordination | null;
  /** Annotation `leader-exec/holder`: equals `holder` when a leader-exec wrote this term. */
  readonly markedBy: string | null;
  /** Annotation `leader-exec/hold-until`: leader-exec candidates do not acquire before this, by the server's clock. */
  readonly holdUntil: Millis | null;
  /** Annotation `leader-exec/done`: every write keeps it. */
  readonly done: Done | null;
  /** Annotation `leader-exec/last-tick` as it stands there: what `--schedule` is done with. Every write keeps or renews it. */
  readonly lastTick: string | null;
  /** Annotation `leader-exec/step-down`; null: nobody asks for anything, or for nothing that can be read. */
  readonly stepDown: StepDown | null;
}

/** A request to the holder to hand over (core/step-down.ts). */
export interface StepDown {
  /** Whom it is meant for: it says nothing to any other holder. */
  readonly holder: string;
  readonly id: string;
}

/** What kube-apiserver's leader election controller writes beside the five fields. */
export interface Coordination {
  readonly strategy: string;
  /** Who should lead instead of the holder, who is asked to give the Lease back; null: nobody else. */
  readonly preferredHolder: string | null;
}

/** What `--once` has recorded. `text`: as it was read, null when it is new. */
export type Done =
  | { readonly kind: "keys"; readonly keys: ReadonlyMap<string, DoneKey>; readonly text: string | null }
  /** `newer`: written by a later version of leader-exec. */
  | { readonly kind: "unreadable" | "newer"; readonly text: string };

/** One success, by the server's clock. */
export interface DoneKey {
  readonly at: Millis;
  /** Forgotten from then on; Infinity: never. */
  readonly until: Millis;
}

/** A Lease as a store gave it to us. */
export interface StoredLease {
  readonly record: LeaseRecord;
  /** resourceVersion: a decimal string that grows with each change. */
  readonly version: string;
  readonly uid: string;
  /** Differs whenever the spec's content differs (all five fields, unparsed), whatever the version says. */
  readonly fingerprint: string;
  /** The whole object, so that foreign labels, annotations and owners survive a replace. Opaque to the core. */
  readonly object: unknown;
}

/** Why a request to the store brought no answer that can be used. */
export interface StoreFailure {
  readonly kind: "failed";
  readonly reason:
    | "timeout"
    | "unreachable"
    | "tls"
    | "unauthorized"
    | "forbidden"
    | "namespace-missing"
    | "throttled"
    | "server-error"
    | "credentials"
    | "damaged"
    | "unwritable"
    | "unexpected";
  /** One sentence: what happened, to what, what to do. */
  readonly message: string;
  /** From Retry-After: do not ask again before this long. */
  readonly retryAfter?: Millis;
}

export type ReadResult = (Answered & { readonly kind: "found" }) | { readonly kind: "missing" } | StoreFailure;

/** A Lease, and the time of day on the server's clock (at most a second earlier); absent: the answer told none. */
export interface Answered {
  readonly lease: StoredLease;
  readonly serverTime?: Millis;
}

/** `missing` answers a replace whose Lease is gone; `conflict` a version that is no longer the stored one. */
export type WriteResult =
  | (Answered & { readonly kind: "stored" })
  | { readonly kind: "conflict" }
  | { readonly kind: "missing" }
  | StoreFailure;

/** What a store is asked to write: a create when `base` is null, else a replace that is compared with and laid over it. */
export interface Write {
  readonly base: StoredLease | null;
  readonly record: LeaseRecord;
}

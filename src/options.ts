import type { Millis, Timing } from "./core/types.ts";
import type { Given } from "./values.ts";

/** Everything a user can ask for, after defaults and checks. */
export interface Options {
  /** The command and its arguments, byte for byte as given after `--`. */
  readonly command: readonly [string, ...string[]];
  /** False: run the command directly, without any election. */
  readonly election: boolean;
  /** False: leader election is off because nobody asked for it. */
  readonly electionGiven: boolean;
  readonly leaseName: string;
  /** Undefined: the store's own rule (kubeconfig context, POD_NAMESPACE, service account, `default`). */
  readonly leaseNamespace: string | undefined;
  /** What the identity starts with; undefined: POD_NAME or the host name. */
  readonly identity: string | undefined;
  readonly timing: Timing;
  readonly stopSignal: string;
  /** True when --stop-signal was given: it then also replaces a SIGTERM sent to us. */
  readonly stopSignalReplacesTerm: boolean;
  readonly job: JobOptions;
  /** Null: the candidates elect among themselves. */
  readonly coordinated: CoordinatedOptions | null;
  readonly lostExitCode: number;
  readonly guard: boolean;
  /** How the process tree is followed: by a cgroup of its own and the search in /proc, or by the search alone. */
  readonly processTree: "auto" | "cgroup" | "proc";
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly store: StoreChoice;
  readonly health: HealthOptions;
  readonly announce: AnnounceOptions;
  readonly logFormat: "text" | "json";
  readonly logLevel: LogLevel;
  /** Nothing is printed when the command ran and ended by itself. */
  readonly quiet: boolean;
}

export interface JobOptions {
  /** How long to wait for the Lease; null: for ever, 0: not at all. */
  readonly wait: Millis | null;
  readonly conflictExitCode: number;
  /** The user chose that code, so a conflict is nothing to be told of when `quiet`. */
  readonly conflictExpected: boolean;
  readonly holdAtLeast: Millis;
  /** Infinity: no limit. */
  readonly maxRun: Millis;
  /** Run until it has succeeded once; null: each time. */
  readonly once: { readonly key: string; readonly ttl: Millis } | null;
  /** Null: the command runs once. */
  readonly schedule: ScheduleOptions | null;
}

/** The API server elects. */
export interface CoordinatedOptions {
  /** What if it does not. */
  readonly mode: "auto" | "always";
  readonly binaryVersion: string;
  readonly emulationVersion: string;
  readonly strategy: string;
}

export interface ScheduleOptions {
  readonly expression: Given;
  /** Null: that of the process. */
  readonly timeZone: Given | null;
  readonly catchUp: "none" | "last";
}

export interface HealthOptions {
  /** Where /healthz, /readyz and /leader are answered; null: nowhere. */
  readonly probes: BindAddress | null;
  /** Where /metrics is answered; the same as `probes`: both by one listener. */
  readonly metrics: BindAddress | null;
  readonly readyWhen: ReadyWhen;
}

/** What the cluster is told of who leads. */
export interface AnnounceOptions {
  /** Kubernetes Events on the Lease. */
  readonly events: boolean;
  /** A label on our own pod; null: none. */
  readonly podLabel: LabelOption | null;
}

export interface LabelOption {
  /** The flag or variable that gave it. */
  readonly by: string;
  readonly key: string;
  readonly value: string;
}

/** Which candidates are ready: all that can take over (`standby`), or the one whose command runs. */
export type ReadyWhen = "standby" | "leading";

export interface BindAddress {
  /** The flag or variable that gave it, and the value as it was given: for messages. */
  readonly by: string;
  readonly text: string;
  /** Undefined: all addresses of this machine. */
  readonly host: string | undefined;
  /** 0: one that is free. */
  readonly port: number;
}

export type StoreChoice = { readonly kind: "kubernetes" } | { readonly kind: "file"; readonly directory: string };

export type LogLevel = "error" | "warn" | "info" | "debug";

import type { Exit } from "../support/candidate.ts";
import { killWithGuard } from "../support/crash.ts";
import type { Fleet, Member as Settings } from "./fleet.ts";

/** Who takes part in one election. The plain ones know nothing of LeaseCandidates. */
export const kinds = ["leader-exec", "client-go", "plain leader-exec", "plain client-go"] as const;
export type Kind = (typeof kinds)[number];

export const isCoordinated = (kind: Kind): boolean => !kind.startsWith("plain");

/** One running candidate, of whatever kind. */
export interface Member {
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** kill -9, of leader-exec's guard too: nobody is left to release its Lease. */
  crash(): Promise<void>;
  /** Resolves when it has seen that somebody else leads. */
  standsBy(): Promise<unknown>;
}

/** Starts one candidate; a plain one has no use for the version. */
export async function join(
  fleet: Fleet,
  kind: Kind,
  identity: string,
  version: string,
  settings: Settings = {},
): Promise<Member> {
  if (kind === "client-go" || kind === "plain client-go")
    return fleet.clientGo(identity, kind === "client-go" ? version : undefined);
  const candidate = await (kind === "leader-exec"
    ? fleet.coordinated(identity, version, settings)
    : fleet.plain(identity, settings));
  return {
    exited: candidate.exited,
    kill: (signal) => candidate.kill(signal),
    crash: () => killWithGuard(candidate.pid),
    standsBy: () => candidate.says(/^standing by/),
  };
}

/** What every subcommand is made of, and what it is given. */
import { parseDuration } from "../duration.ts";
import { group, type Flag, type Group } from "../flag.ts";
import { flagGroups, flags } from "../flags.ts";
import type { Settings } from "../settings.ts";
import { booleanValue, wrong } from "../values.ts";
import type { Clock } from "../world.ts";
import type { Terminal } from "./terminal.ts";

export interface Subcommand {
  readonly name: string;
  /** Its own flags come first, then those that it shares with a run. Own flags have no environment variables: one set for a run would steer it. */
  readonly groups: readonly Group[];
  /** Names of the flags among them that are a run's: their environment variables count. */
  readonly shared: readonly string[];
  /** How many operands it takes at most. */
  readonly mostOperands: number;
  /** A command behind `--` is allowed, as for the run that is asked about. */
  readonly takesCommand: boolean;
  /** The flag for a time that people give as an operand, as of a run's --wait. */
  readonly takesTime?: string;
  readonly notes: readonly string[];
  readonly exitCodes: readonly { readonly code: string; readonly meaning: string }[];
  readonly examples: readonly string[];
  /** Resolves with the exit code. Throws UsageError, and LocalTrouble for what is wrong on this machine. */
  answer(asked: Asked): Promise<number>;
}

export interface Asked {
  /** By flag name, own and shared ones. */
  readonly settings: Settings;
  readonly operands: readonly string[];
  readonly command: readonly string[] | null;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Which Lease, in which store. */
export const leaseFlags = ["lease-name", "lease-namespace", "lease-store", "kubeconfig", "context"] as const;

/** These flags of a run, as a group of a subcommand's help. */
export function sharedFlags(names: readonly string[], title = "Which Lease"): Group {
  return group(title, ...names.map(flagNamed));
}

/** Every flag of a run, for subcommands that are asked about one. */
export const allFlags: { readonly groups: readonly Group[]; readonly names: readonly string[] } = {
  groups: flagGroups,
  names: flags.map(({ name }) => name),
};

function flagNamed(name: string): Flag {
  const found = flags.find((flag) => flag.name === name);
  if (found === undefined) throw new Error(`no flag is called ${name}`);
  return found;
}

/** Whether a switch was given. `forTime`: the flag for a time that people give the switch, as a run's has one. Throws UsageError. */
export function isOn(settings: Settings, name: string, forTime?: string): boolean {
  const given = settings.get(name);
  if (given !== undefined && forTime !== undefined && parseDuration(given.text) !== null && !/^[01]$/.test(given.text))
    throw wrong(given, `is a time, and --${name} takes none here; give --${name} ${forTime} ${given.text}`);
  return given !== undefined && booleanValue(given);
}

/** The run that rbac and doctor are asked about: its options, as far as its flags make sense. */
import type { Options } from "../options.ts";
import { readOptions, type Settings } from "../settings.ts";
import { UsageError } from "../values.ts";
import type { Asked } from "./subcommand.ts";

export interface AskedRun {
  /** Election is on, unless it was switched off. */
  readonly options: Options;
  /** Undefined: no command was given. */
  readonly command: string | undefined;
  /** Neither a flag nor a variable says whether the election is on: a run with these flags is refused, or elects nobody. */
  readonly electionForgotten: boolean;
  /** What is wrong with the times; `options` has the usual ones then. Null: nothing. */
  readonly timingFlaw: string | null;
}

const election = "enable-leader-election";
const times = ["lease-duration", "renew-deadline", "retry-period", "kill-after"];
/** Stands for a command that nobody gave. */
const someCommand = "true";

/** Throws UsageError for what a run would be refused for, the times excepted. */
export function askedRun({ settings, command }: Pick<Asked, "settings" | "command">): AskedRun {
  const [file, ...args] = command ?? [];
  const electionForgotten = !settings.has(election);
  const all: Settings = new Map(
    electionForgotten ? [...settings, [election, { by: election, text: "true" }]] : settings,
  );
  const read = (from: Settings): Options => readOptions([file ?? someCommand, ...args], from);
  try {
    return { options: read(all), command: file, electionForgotten, timingFlaw: null };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const options = read(new Map([...all].filter(([name]) => !times.includes(name))));
    return { options, command: file, electionForgotten, timingFlaw: error.message };
  }
}

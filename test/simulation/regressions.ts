/**
 * Seeds that once failed, replayed first. A seed means what scenario.ts makes of it: when that is changed, look for seeds that show
 * the same (with the old rule put back as a mutant), and replace them.
 */
import type { families } from "./families.ts";
import type { Focus } from "./scenario.ts";

export const regressions: readonly { readonly seed: number; readonly what: string; readonly focus?: Focus }[] = [
  {
    seed: 87,
    focus: { faults: ["delete", "slow", "signal", "watch-mute"], on: "acquired" },
    what: "a lagging standby created a Lease that was free when it saw it last, beside its holder",
  },
  { seed: 1560, what: "foreign edits in a loop made a standby send a read and a write per round trip" },
];

/** The same of elections by the server. */
export const coordinatedRegressions: readonly {
  readonly family: keyof typeof families;
  readonly seed: number;
  readonly what: string;
}[] = [
  {
    family: "coordinated",
    seed: 24_881,
    what: "a holder that was asked to step down and could not release took the Lease back without a pause, as often as others edited it",
  },
];

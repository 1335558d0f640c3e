/**
 * Coordinated leader election: the scenario of a seed on a server that elects, by a clock from which those of the machines differ by up to
 * two seconds; versions are mixed, the controller is started anew at times, and some machines elect the plain way if nobody else does.
 */
import type { Profile } from "../../src/core/candidacy-types.ts";
import { serverSlack } from "../../src/core/server-taker.ts";
import { deriveTiming } from "../../src/timing.ts";
import { Dice } from "./dice.ts";
import { scenarioOf, type Fault, type Scenario } from "./scenario.ts";
import { serverEpoch } from "./sim-api.ts";

/** What a candidate of a machine tells of itself. */
export interface SimCoordination {
  readonly version: string;
  readonly mode: Profile["mode"];
}

/**
 * What a hand does to the Lease is judged in the plain scenarios, but for its deletion: the server elects anew within milliseconds, and does
 * not wait for a holder who may still be at work.
 */
const hands = ["recreate", "overwrite", "clear", "shorten", "postdate", "wall-step"];

export function coordinatedScenarioOf(seed: number): Scenario {
  const scenario = scenarioOf(seed);
  const dice = new Dice(seed ^ 0xc00d);
  const unset = { renewDeadline: undefined, retryPeriod: undefined, killAfter: undefined };
  const machines = scenario.machines.map((machine) => {
    const leaseDuration = (8 + dice.below(8)) * 1_000;
    const skew = dice.chance(0.5) ? 0 : dice.between(-2_500, 2_500);
    const timing = { ...machine.timing, ...deriveTiming({ ...unset, leaseDuration }, serverSlack) };
    return { ...machine, timing, wallOffset: serverEpoch + skew };
  });
  const restarts = Array.from({ length: dice.below(3) }, (): Fault => {
    const at = dice.between(400, scenario.calmFrom);
    return dice.chance(0.5)
      ? { at, kind: "controller-down", span: dice.between(1_000, 22_000) }
      : { at, kind: "crash", target: "holder", on: { what: "elected", after: dice.between(0, 60) } };
  });
  const deletions = Array.from({ length: Math.max(0, dice.below(6) - 3) }, (): Fault => {
    const on = {
      what: dice.pick(["acquired", "elected", "written", "released"] as const),
      after: dice.between(0, 200),
    };
    return { at: dice.between(400, scenario.calmFrom), kind: "delete", on };
  });
  const faults = [...scenario.faults.filter(({ kind }) => !hands.includes(kind)), ...restarts, ...deletions];
  return { ...scenario, machines, faults: faults.sort((a, b) => a.at - b.at), foreign: null, coordinated: true };
}

export function coordinationOf(dice: Dice): SimCoordination {
  return { version: dice.pick(["1.0.0", "1.0.0", "1.1.0"]), mode: dice.pick(["auto", "always"] as const) };
}

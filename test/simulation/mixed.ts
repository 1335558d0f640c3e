/**
 * A migration: coordinated and plain candidates on one Lease, of leader-exec and of client-go, hands that recreate, clear, overwrite and
 * shorten it, and a candidate that may not write it. A coordinated fleet alone meets all of this, too.
 */
import { coordinatedScenarioOf } from "./coordinated.ts";
import { Dice } from "./dice.ts";
import { serverEpoch } from "./sim-api.ts";
import type { Fault, Scenario } from "./scenario.ts";

const hands = ["delete", "recreate", "clear", "clear", "overwrite", "shorten"] as const;

export function mixedScenarioOf(seed: number): Scenario {
  const scenario = coordinatedScenarioOf(seed);
  const dice = new Dice(seed ^ 0x313ed);
  const { calmFrom } = scenario;
  const forbidden = dice.chance(0.15) ? dice.below(scenario.machines.length) : null;
  const [first] = scenario.machines;
  // Of a term that was never seen the own lease duration is the best guess: here it is right. Who may write has to be let take part by his clock.
  const machines = scenario.machines.map((machine) => ({
    ...machine,
    timing: { ...(first ?? machine).timing, terminationGracePeriod: machine.timing.terminationGracePeriod },
    wallOffset: forbidden === null ? machine.wallOffset : serverEpoch,
  }));
  const longest = Math.max(...machines.map(({ timing }) => timing.leaseDuration));
  const isPure = dice.chance(0.3);
  const byHand = Array.from({ length: dice.below(4) }, (): Fault => {
    const kind = dice.pick(hands);
    const at = dice.between(400, calmFrom);
    if (dice.chance(0.4)) return { at, kind };
    const what = dice.pick(["acquired", "elected", "written", "released"] as const);
    return { at, kind, on: { what, after: dice.between(0, 200) } };
  });
  // The holder does not hear what a hand does: only those who take over can wait for it.
  const at = dice.between(400, calmFrom);
  const unheard: Fault[] = [
    { at, kind: "cut", target: "holder", way: "both", span: dice.between(1, 2) * longest },
    { at: at + dice.between(0, 500), kind: dice.pick(hands) },
    {
      at: at + dice.between(0, 500),
      kind: "watch-end",
      target: dice.below(4),
      reason: dice.pick(["closed", "failed"] as const),
    },
  ];
  // Somebody hears nothing of a whole term, and looks when a hand has ended it.
  const unseen: Fault[] = [
    { at, kind: "crash", target: "holder" },
    { at, kind: "watch-mute", target: dice.below(4), on: { what: "elected", after: 0 } },
    { at: at + 1, kind: "cut", target: "holder", way: "both", span: longest, on: { what: "acquired", after: 100 } },
    { at: at + 1, kind: "clear", on: { what: "acquired", after: dice.between(100, 3_000) } },
  ];
  const times = { duration: longest, deadline: (longest * 2) / 3, retry: longest / 7.5 };
  return {
    ...scenario,
    machines,
    plain: isPure ? [] : machines.flatMap((_, index) => (dice.chance(0.4) ? [index] : [])),
    foreign: isPure || dice.chance(0.4) ? null : { ...times, version: dice.pick([null, "1.0.0", "1.1.0"]) },
    faults: [...scenario.faults, ...byHand, ...(dice.chance(0.4) ? unheard : dice.chance(0.3) ? unseen : [])].sort(
      (a, b) => a.at - b.at,
    ),
    forbidden,
  };
}

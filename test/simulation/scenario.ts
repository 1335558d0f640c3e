/**
 * What is simulated: from one seed the whole scenario follows, as data that can be printed and shrunk. Fault times are true
 * times; after `calmFrom` nothing new goes wrong, every cut is healed, and one command has to run again.
 */
import { deriveTiming, workingSets } from "../../src/timing.ts";
import type { Millis, Timing } from "../../src/core/types.ts";
import { Dice } from "./dice.ts";
import type { SimSchedule } from "./schedule.ts";

/** Whom a fault hits: the candidate whose command runs (or the first), or the one on this machine. */
export type Target = "holder" | number;

/**
 * When a fault comes: at this time; or so long after the first acquisition, release or write of a leader-exec from `at` on,
 * because that is where protocols break.
 */
export interface Occasion {
  readonly at: Millis;
  readonly on?: { readonly what: Moment; readonly after: Millis };
}

/** `elected`: by the server, before it is confirmed. */
export type Moment = "acquired" | "released" | "written" | "elected";

export type Fault = Occasion &
  (
    | { readonly kind: "cut"; readonly target: Target; readonly way: "out" | "back" | "both"; readonly span: Millis }
    /** Many times cut and healed. */
    | { readonly kind: "flap"; readonly target: Target; readonly every: Millis; readonly span: Millis }
    /** As networks fail: answers come later and later, requests get lost, then nothing passes. */
    | {
        readonly kind: "fade";
        readonly target: Target;
        readonly delay: Millis;
        readonly slowly: Millis;
        readonly span: Millis;
      }
    | { readonly kind: "slow"; readonly target: Target; readonly delay: Millis; readonly span: Millis }
    | { readonly kind: "loss"; readonly target: Target; readonly share: number; readonly span: Millis }
    /** The API answers with errors, some of them after having applied the write. */
    | { readonly kind: "errors"; readonly share: number; readonly retryAfter: Millis; readonly span: Millis }
    | { readonly kind: "freeze"; readonly target: Target; readonly span: Millis }
    | { readonly kind: "crash"; readonly target: Target }
    | { readonly kind: "signal"; readonly target: Target; readonly name: string; readonly number: number }
    | { readonly kind: "guard-lost"; readonly target: Target }
    | { readonly kind: "wall-step"; readonly target: Target; readonly by: Millis }
    | { readonly kind: "watch-end"; readonly target: Target; readonly reason: "closed" | "forbidden" | "failed" }
    | { readonly kind: "watch-mute"; readonly target: Target }
    /** Foreign edits of annotations: every one makes a new version. */
    | { readonly kind: "storm"; readonly every: Millis; readonly span: Millis }
    /** A hand edits what `--once` has recorded: adds a key, or makes it unreadable for so long. */
    | { readonly kind: "note" }
    | { readonly kind: "spoil"; readonly span: Millis }
    /** The API server's controller is gone for so long. */
    | { readonly kind: "controller-down"; readonly span: Millis }
    /** Somebody asks the holder, or one that was never there, to step down. */
    | { readonly kind: "step-down"; readonly of: "holder" | "nobody" }
    /** By hand: the operator's doing. */
    | { readonly kind: "delete" | "recreate" | "clear" | "overwrite" | "shorten" | "postdate" }
  );

export interface MachineSetup {
  readonly timing: Timing;
  /** Milliseconds of its clock in one true millisecond. */
  readonly rate: number;
  readonly offset: Millis;
  readonly wallOffset: Millis;
  /** Usual one-way delay to the API. */
  readonly delay: Millis;
}

/** Lease duration, renew deadline and retry period; `version`: it lets the server elect, and tells it this one. */
export interface ForeignSetup {
  readonly duration: Millis;
  readonly deadline: Millis;
  readonly retry: Millis;
  readonly version: string | null;
}

export interface Scenario {
  readonly seed: number;
  readonly machines: readonly MachineSetup[];
  /** A client-go elector contends too. */
  readonly foreign: ForeignSetup | null;
  /** The server elects (coordinated.ts). */
  readonly coordinated: boolean;
  /** On these machines nobody registers with a server that elects (mixed.ts). */
  readonly plain: readonly number[];
  /** What this machine writes to the Lease is refused, for ever; null: nobody's is. */
  readonly forbidden: number | null;
  /** Share of reads that are answered from an older state; and how old at most. */
  readonly stale: { readonly share: number; readonly age: Millis };
  /** Share of requests that are lost, lost on the way back, or delivered twice; at all times. */
  readonly noise: { readonly lost: number; readonly unanswered: number; readonly twice: number };
  /** Commands end by themselves. */
  readonly shortCommands: boolean;
  /** Ticks every 250 ms, as the loop does; else only when the core says that one is due. */
  readonly everyTick: boolean;
  readonly faults: readonly Fault[];
  readonly calmFrom: Millis;
  /** Candidates are jobs; see jobs.ts. */
  readonly jobs: boolean;
  /** They run until they have succeeded once; see once.ts. */
  readonly once: boolean;
  /** They run their command at ticks; see schedule.ts. */
  readonly schedule: SimSchedule | null;
}

/** Two clocks differ by at most 1 %, the share that the deadlines allow for. */
const drift = 0.005;
const stopSignals = [
  ["SIGTERM", 15],
  ["SIGTERM", 15],
  ["SIGINT", 2],
  ["SIGHUP", 1],
  ["SIGUSR1", 10],
] as const;

/** Mutants that only rare circumstances show get more of them. */
export interface Focus {
  readonly faults?: readonly Fault["kind"][];
  readonly on?: Moment;
  readonly foreign?: true;
}

export function scenarioOf(seed: number, focus: Focus = {}): Scenario {
  const dice = new Dice(seed);
  const base = timingOf(dice);
  const mixed = dice.chance(0.25);
  const machines = Array.from({ length: 2 + dice.below(3) }, () => machineOf(mixed ? timingOf(dice) : base, dice));
  const longest = Math.max(...machines.map(({ timing }) => timing.leaseDuration));
  const calmFrom = dice.between(1, 3) * longest + 4_000;
  const quiet = dice.chance(0.4);
  const count = 1 + dice.below(7);
  const faults = Array.from({ length: count }, () => {
    let fault = faultOf(dice, dice.between(400, calmFrom), longest);
    while (focus.faults?.includes(fault.kind) === false) fault = faultOf(dice, fault.at, longest);
    return { ...fault, ...occasionOf(dice, focus.on) };
  });
  return {
    seed,
    machines,
    foreign:
      dice.chance(0.15) || focus.foreign === true
        ? { duration: longest, deadline: (longest * 2) / 3, retry: longest / 7.5, version: null }
        : null,
    stale: dice.chance(0.2) ? { share: dice.between(0, 0.5), age: dice.between(100, longest) } : { share: 0, age: 0 },
    noise: quiet
      ? { lost: 0, unanswered: 0, twice: 0 }
      : { lost: dice.between(0, 0.1), unanswered: dice.between(0, 0.2), twice: dice.between(0, 0.1) },
    shortCommands: dice.chance(0.2),
    everyTick: seed % 8 === 0,
    faults: faults.sort((a, b) => a.at - b.at),
    calmFrom,
    coordinated: false,
    plain: [],
    forbidden: null,
    jobs: false,
    once: false,
    schedule: null,
  };
}

function occasionOf(dice: Dice, wanted?: Moment): Pick<Occasion, "on"> {
  if (dice.chance(0.6)) return {};
  const after = dice.chance(0.5) ? dice.between(0, 10) : dice.between(0, 300);
  return { on: { what: wanted ?? dice.pick(["acquired", "acquired", "released", "written"] as const), after } };
}

function timingOf(dice: Dice): Timing {
  const unset = { renewDeadline: undefined, retryPeriod: undefined, killAfter: undefined };
  const sets = [workingSets[0], workingSets[0], workingSets[1], workingSets[2]];
  const timing = dice.chance(0.4)
    ? deriveTiming({ leaseDuration: (4 + dice.below(7)) * 1_000, ...unset })
    : (dice.pick(sets) as (typeof workingSets)[number]);
  return {
    ...timing,
    terminationGracePeriod: dice.between(500, 6_000),
    startupTimeout: dice.chance(0.1) ? 10_000 : 0,
  };
}

function machineOf(timing: Timing, dice: Dice): MachineSetup {
  return {
    timing,
    rate: 1 + drift * (dice.chance(0.5) ? (dice.chance(0.5) ? 1 : -1) : dice.between(-1, 1)),
    offset: dice.between(0, 1e7),
    wallOffset: 1_767_225_600_000 + dice.between(-3_600_000, 3_600_000),
    delay: dice.chance(0.8) ? dice.between(0.5, 5) : dice.between(5, 150),
  };
}

function faultOf(dice: Dice, at: Millis, longest: Millis): Fault {
  const target = dice.chance(0.6) ? "holder" : dice.below(4);
  const span = dice.chance(0.5) ? dice.between(100, 2_000) : dice.between(0.3, 2) * longest;
  switch (dice.below(21)) {
    case 0:
    case 1:
    case 2:
      return { at, kind: "cut", target, way: dice.pick(["out", "back", "both", "both"] as const), span };
    case 3:
      return { at, kind: "flap", target, every: dice.between(200, 2_500), span: span * 2 };
    case 4:
      return { at, kind: "slow", target, delay: dice.between(100, longest * 0.6), span };
    case 5:
      return { at, kind: "loss", target, share: dice.between(0.2, 0.9), span };
    case 6:
      return { at, kind: "errors", share: dice.between(0.2, 1), retryAfter: dice.pick([0, 0, 1_000, 5_000]), span };
    case 7:
    case 8:
      return { at, kind: "freeze", target, span };
    case 9:
      return { at, kind: "crash", target };
    case 10:
    case 11: {
      const [name, number] = dice.pick(stopSignals);
      return { at, kind: "signal", target, name, number };
    }
    case 12:
      return { at, kind: "guard-lost", target };
    case 13:
      return { at, kind: "wall-step", target, by: dice.pick([-86_400_000, 86_400_000, -3_000, 700]) };
    case 14:
      return dice.chance(0.4)
        ? { at, kind: "watch-mute", target }
        : { at, kind: "watch-end", target, reason: dice.pick(["closed", "closed", "forbidden", "failed"] as const) };
    case 15:
      return { at, kind: "storm", every: dice.between(3, 60), span: dice.between(100, 3_000) };
    case 16:
    case 17:
      return {
        at,
        kind: "fade",
        target,
        delay: longest * dice.between(0.15, 0.4),
        slowly: longest * dice.between(0.1, 0.8),
        span: 2 * longest,
      };
    default:
      return {
        at,
        kind: dice.pick(["delete", "delete", "recreate", "clear", "overwrite", "shorten", "postdate"] as const),
      };
  }
}

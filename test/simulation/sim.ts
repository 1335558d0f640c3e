/** What all parts of one simulation share. */
import type { nextWake, step } from "../../src/core/lifecycle.ts";
import type { releaseFor } from "../../src/core/on-behalf.ts";
import type { State } from "../../src/core/state.ts";
import type { Millis, Turn } from "../../src/core/types.ts";
import type { Agenda } from "./agenda.ts";
import type { Controller } from "./controller.ts";
import type { Dice } from "./dice.ts";
import type { Judge } from "./judge.ts";
import type { Scenario } from "./scenario.ts";
import type { SimCandidate } from "./sim-candidate.ts";
import type { SimCandidates } from "./sim-candidates.ts";
import type { SimApi } from "./sim-api.ts";

/** The core under test: the real one, or a mutant. */
export interface Core {
  readonly initial: (turn: Turn) => State;
  readonly step: typeof step;
  readonly nextWake: typeof nextWake;
  readonly releaseFor: typeof releaseFor;
}

export interface Sim {
  readonly core: Core;
  readonly scenario: Scenario;
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly api: SimApi;
  readonly candidates: SimCandidates;
  /** Null: the server elects nobody. */
  controller: Controller | null;
  readonly judge: Judge;
  /** The API answers with errors just now. */
  errors: { readonly share: number; readonly retryAfter: Millis } | null;
  /** False: a mutant of the loop, which takes an event without a tick before it. */
  readonly ticksFirst: boolean;
  /** True: a mutant of the guard, which releases before the tree is gone. */
  readonly hastyGuard: boolean;
  /** A process ended, in whatever way: the kubelet starts another one. */
  readonly restart: (ended: SimCandidate) => void;
  /** Null: nobody reads the trace. */
  readonly trace: ((who: string, what: string) => void) | null;
}

/** The families of scenarios: which variable replays one seed of each, and what a seed means there. */
import { coordinatedScenarioOf } from "./coordinated.ts";
import { jobScenarioOf } from "./jobs.ts";
import { mixedScenarioOf } from "./mixed.ts";
import { onceScenarioOf } from "./once.ts";
import { scenarioOf, type Scenario } from "./scenario.ts";
import { scheduleScenarioOf } from "./schedule.ts";
import { stepDownScenarioOf } from "./step-down.ts";

export interface Family {
  /** `VARIABLE=n npm run test:simulation` replays the seed n. */
  readonly variable: string;
  readonly scenarioOf: (seed: number) => Scenario;
}

export const families = {
  plain: { variable: "SEED", scenarioOf: (seed: number) => scenarioOf(seed) },
  jobs: { variable: "JOB_SEED", scenarioOf: jobScenarioOf },
  once: { variable: "ONCE_SEED", scenarioOf: onceScenarioOf },
  schedule: { variable: "SCHEDULE_SEED", scenarioOf: scheduleScenarioOf },
  stepDown: { variable: "STEP_DOWN_SEED", scenarioOf: stepDownScenarioOf },
  coordinated: { variable: "COORDINATED_SEED", scenarioOf: coordinatedScenarioOf },
  mixed: { variable: "MIXED_SEED", scenarioOf: mixedScenarioOf },
} as const satisfies Record<string, Family>;

/** The seed of this family that is to be replayed; null: all are to be run. */
export function seedToReplay({ variable }: Family): number | null {
  const text = process.env[variable];
  return text === undefined || text === "" ? null : Number(text);
}

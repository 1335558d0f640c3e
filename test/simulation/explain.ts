/** What is printed about a seed that failed: the smallest set of its faults that still fails, and every step of all candidates. */
import { families, type Family } from "./families.ts";
import type { Scenario } from "./scenario.ts";
import { simulate, type Settings } from "./simulate.ts";

/** The kind of a violation: without names and figures. */
export function kindOf(violation: string | null): string | null {
  return violation?.replace(/\b[a-d]\d+\b|[\d.]+/g, "#") ?? null;
}

/** Leaves out one fault after another, as long as the same goes wrong. */
export function shrink(scenario: Scenario, settings: Settings = {}): Scenario {
  const kind = kindOf(simulate(scenario, settings).violation);
  for (const fault of scenario.faults) {
    const smaller = { ...scenario, faults: scenario.faults.filter((other) => other !== fault) };
    if (kindOf(simulate(smaller, settings).violation) === kind) return shrink(smaller, settings);
  }
  return scenario;
}

/** The last lines of the shrunk seed's trace, under its faults. */
export function explain(seed: number, family: Family = families.plain, lines = 80, settings: Settings = {}): string {
  const scenario = shrink(family.scenarioOf(seed), settings);
  const trace: string[] = [];
  const { violation } = simulate(scenario, {
    ...settings,
    trace: (at, who, what) => trace.push(`${at.toFixed(1).padStart(9)} ${who} ${what}`),
  });
  const faults = scenario.faults.map((fault) => `  ${JSON.stringify(fault)}`);
  return [
    `seed ${seed}: ${violation}`,
    `replay it with ${family.variable}=${seed} npm run test:simulation; the faults it needs:`,
    ...faults,
    `the last ${lines} of ${trace.length} steps (true time in ms, who, what):`,
    ...trace.slice(-lines),
  ].join("\n");
}

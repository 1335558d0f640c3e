import { randomBytes } from "node:crypto";
import type { LogLine } from "./core/types.ts";
import { commandEnvironment, type CommandFacts } from "./environment.ts";
import { ProcessRunner } from "./io/command-runner.ts";
import type { RunnerOptions } from "./io/runner-options.ts";
import type { Options } from "./options.ts";
import { playHandOver } from "./rehearsal.ts";
import type { Clock, Log } from "./world.ts";

/** What a run needs to know beside the options. */
export interface RunParts {
  readonly options: Options;
  readonly facts: Omit<CommandFacts, "runId">;
  /** As RunnerOptions has it. */
  readonly order: string | null;
  readonly log: Log;
  readonly clock: Clock;
  /** Our own environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** This process has not started a command before. */
  readonly isFirst: boolean;
}

/** What starts the command once and follows its tree, under an id of its own. */
export function newRunner({ options, facts, order, log, clock, env, isFirst }: RunParts): ProcessRunner {
  const runId = randomBytes(12).toString("hex");
  const environment: RunnerOptions["environment"] = (lease, tick) =>
    commandEnvironment(env, lease, { ...facts, runId }, tick);
  const { command, guard, processTree } = options;
  const tell = (line: LogLine): void => log.write(line);
  const rehearsal = isFirst ? () => playHandOver(options, clock) : null;
  return new ProcessRunner({ command, environment, runId, guard, order, processTree, tell, clock, rehearsal });
}

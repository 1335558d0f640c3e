/** What doctor finds out on this machine, without a network. */
import { tryCgroup } from "../io/birthplace.ts";
import { procTrouble, searchCommand, type ThisMachine } from "../io/this-machine.ts";
import type { GuardTrial } from "../io/try-guard.ts";
import { nodeOptionsWarning } from "../preflight.ts";
import { version } from "../version.ts";
import type { AskedRun } from "./asked-run.ts";
import { note, ok, problemOf, type Finding } from "./finding.ts";
import {
  judgeCommand,
  judgeGuard,
  judgeIdentity,
  judgeNodeOptions,
  judgeProc,
  judgeRuntime,
  judgeTree,
} from "./judge-machine.ts";
import { judgeTiming } from "./judge-timing.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** `guard`: the trial of one, which goes on meanwhile; null: none is wanted. */
export async function* machineFindings(
  { options, command, electionForgotten, timingFlaw }: AskedRun,
  machine: ThisMachine,
  env: Environment,
  guard: Promise<GuardTrial> | null,
): AsyncGenerator<Finding> {
  const isLinux = machine.platform === "linux";
  const nodeOptions = env["NODE_OPTIONS"] ?? "";
  yield judgeRuntime({ ...machine, version });
  yield electionFinding(options.election, electionForgotten);
  yield judgeCommand(command, command === undefined ? null : searchCommand(command, env));
  yield judgeNodeOptions(nodeOptions, nodeOptionsWarning(nodeOptions)[0]);
  yield isLinux ? judgeProc(procTrouble(), options.guard) : note("/proc", "this is not Linux");
  yield judgeGuard(guard === null ? null : await guard);
  yield judgeTree(options.processTree, isLinux ? tryCgroup() : null);
  if (!options.election) return;
  yield identityFinding(options.identity, env, machine);
  yield timingFlaw === null ? judgeTiming(options.timing) : problemOf("timing", timingFlaw);
}

function electionFinding(on: boolean, forgotten: boolean): Finding {
  const flag = "--enable-leader-election";
  if (forgotten)
    return note(
      "election",
      `off in a run with these flags, and looked at here as if it were on`,
      `add ${flag} to the run`,
    );
  return on
    ? ok("election", "on")
    : note("election", `${flag}=false: the command runs directly, and no Lease is looked at`);
}

function identityFinding(given: string | undefined, env: Environment, machine: ThisMachine): Finding {
  if (given !== undefined) return judgeIdentity(given, "--identity");
  const pod = env["POD_NAME"];
  return pod ? judgeIdentity(pod, "POD_NAME") : judgeIdentity(machine.hostname, "the host name");
}

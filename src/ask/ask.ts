/** One question to a store, from its words to its exit code. */
import { parseDuration } from "../duration.ts";
import type { Question } from "../question.ts";
import { exitFailed, exitUsage } from "../core/outcome.ts";
import type { Grammar, Words } from "../flag-parser.ts";
import { helpText, manualText } from "../help.ts";
import { nearSubcommand, subcommands, type Summary } from "../subcommands.ts";
import { UsageError } from "../values.ts";
import { withEnvironment } from "../variables.ts";
import { LocalTrouble, type Clock } from "../world.ts";
import { doctor } from "./doctor.ts";
import { rbac } from "./rbac.ts";
import { status } from "./status.ts";
import { stepDown } from "./step-down.ts";
import type { Asked, Subcommand } from "./subcommand.ts";
import type { Terminal } from "./terminal.ts";

/** In the order of --help. */
const known: readonly Subcommand[] = [status, stepDown, rbac, doctor];

export interface AskParts {
  readonly env: Asked["env"];
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** That of flag-parser.ts: it is in the bundle that loads this one. */
  readonly parse: (words: readonly string[], grammar: Grammar, check: (operands: string[]) => void) => Words;
}

/** Resolves with the exit code when all that was printed is out. */
export async function ask(question: Question, parts: AskParts): Promise<number> {
  const { terminal } = parts;
  const code = await codeOf(question, parts);
  const trouble = await terminal.drained();
  if (trouble === null) return code;
  terminal.complain(trouble);
  return exitFailed;
}

async function codeOf(question: Question, parts: AskParts): Promise<number> {
  const { terminal } = parts;
  try {
    return await answer(question, parts);
  } catch (error) {
    if (error instanceof LocalTrouble || isUsageError(error)) {
      terminal.complain(error.message);
      return error instanceof LocalTrouble ? exitFailed : exitUsage;
    }
    throw error;
  }
}

/** By name: what `parse` throws is made by another bundle, with a class of its own. */
function isUsageError(error: unknown): error is Error {
  return error instanceof Error && error.name === "UsageError";
}

async function answer({ subcommand: name, words, command, help }: Question, parts: AskParts): Promise<number> {
  const { env, terminal, clock } = parts;
  if (name === "help") return explain(words, terminal);
  const subcommand = named(name);
  if (help) {
    terminal.print(manualOf(subcommand));
    return 0;
  }
  if (command !== null && !subcommand.takesCommand)
    throw new UsageError(
      `leader-exec ${name} runs no command, so nothing can stand behind --; to run a program of that name: leader-exec ... -- ${name}`,
    );
  const grammar = { program: `leader-exec ${name}`, flags: subcommand.groups.flatMap((each) => each.flags) };
  const { given, operands } = parts.parse(words, grammar, (found) => checkOperands(found, subcommand));
  const settings = withEnvironment(given, env, subcommand.shared);
  return subcommand.answer({ settings, operands, command, terminal, clock, env });
}

function explain([name, ...more]: readonly string[], terminal: Terminal): number {
  if (more.length > 0) throw new UsageError("leader-exec help takes one subcommand at most; leave the rest out");
  terminal.print(name === undefined ? helpText() : manualOf(named(name)));
  return 0;
}

function named(name: string): Subcommand {
  const found = known.find((each) => each.name === name);
  if (found !== undefined) return found;
  const near = nearSubcommand(name);
  const instead = near === null ? `there is ${known.map((each) => each.name).join(", ")}` : `did you mean ${near}?`;
  throw new UsageError(`"${name}" is no subcommand; ${instead}`);
}

function checkOperands(operands: readonly string[], { name, mostOperands, takesCommand, takesTime }: Subcommand): void {
  const excess = operands[mostOperands];
  if (excess === undefined) return;
  const most = mostOperands === 0 ? "no operand" : "one name";
  const isTime = takesTime !== undefined && parseDuration(excess) !== null;
  const advice = takesCommand
    ? `for the command of the run put -- before it: leader-exec ${name} ... -- node worker.js; the Lease is --lease-name NAME`
    : `${isTime ? `for a time there is ${takesTime} ${excess}; ` : ""}see leader-exec ${name} --help`;
  throw new UsageError(`leader-exec ${name} takes ${most}, so "${excess}" is one too many; ${advice}`);
}

function manualOf(subcommand: Subcommand): string {
  const { name, operands, does } = summaryOf(subcommand);
  const { groups, notes, exitCodes, examples, takesCommand } = subcommand;
  const usage = `leader-exec ${name} ${operands}`.trimEnd();
  return manualText({
    usage: `${usage} [options]${takesCommand ? " [-- <command> [args...]]" : ""}`,
    does: `${does.charAt(0).toUpperCase()}${does.slice(1)}.`,
    groups,
    terms: [["-h, --help", "print this"]],
    notes,
    exitCodes,
    examples,
  });
}

function summaryOf({ name }: Subcommand): Summary {
  return subcommands.find((each) => each.name === name) ?? { name, operands: "", does: "" };
}

/** From argv and environment to Options, to a subcommand's words, or to one sentence about what is wrong with them. */
import { parseWords, UnknownFlag, type Grammar, type Words } from "./flag-parser.ts";
import { flags } from "./flags.ts";
import { helpText } from "./help.ts";
import type { Options } from "./options.ts";
import type { Question } from "./question.ts";
import { readOptions } from "./settings.ts";
import { isSubcommand, nearSubcommand } from "./subcommands.ts";
import { UsageError } from "./values.ts";
import { withEnvironment } from "./variables.ts";
import { version } from "./version.ts";

export type CommandLine =
  | { readonly kind: "run"; readonly options: Options }
  | ({ readonly kind: "ask" } & Question)
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "usage-error"; readonly message: string };

type Environment = Readonly<Record<string, string | undefined>>;

const example = "leader-exec ... -- node worker.js";
const run: Grammar = { program: "leader-exec", flags };

/** `argv`: without node and script. Everything behind the first `--` is the command's, untouched. */
export function parseCommandLine(argv: readonly string[], env: Environment): CommandLine {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const help = own.some(isHelp);
  const question = questionIn(own.filter((word) => !isHelp(word)));
  if (question !== null) return { kind: "ask", ...question, command: end < 0 ? null : argv.slice(end + 1), help };
  if (help) return { kind: "text", text: helpText() };
  if (own.includes("--version")) return { kind: "text", text: `leader-exec ${version}\n` };
  try {
    const settings = withEnvironment(parseRun(own).given, env);
    const [file, ...args] = end < 0 ? [] : argv.slice(end + 1);
    if (file === undefined) throw new UsageError(`no command was given; put it behind --: ${example}`);
    return { kind: "run", options: readOptions([file, ...args], settings) };
  } catch (error) {
    if (error instanceof UsageError) return { kind: "usage-error", message: error.message };
    throw error;
  }
}

const isHelp = (word: string): boolean => word === "--help" || word === "-h";

/** A subcommand is the first operand: what stands before it are whole flags of a run. */
function questionIn(own: readonly string[]): Pick<Question, "subcommand" | "words"> | null {
  for (const [at, word] of own.entries()) {
    if (!isSubcommand(word) || !isWhole(own.slice(0, at))) continue;
    return { subcommand: word, words: [...own.slice(0, at), ...own.slice(at + 1)] };
  }
  return null;
}

function isWhole(words: readonly string[]): boolean {
  try {
    parseRun(words);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false; // told when nothing else comes of these words
    throw error;
  }
}

/** What is given on the command line of a run. Throws UsageError. */
function parseRun(own: readonly string[]): Words {
  try {
    return parseWords(own, run, checkOperands);
  } catch (error) {
    if (!(error instanceof UnknownFlag)) throw error;
    const subcommand = own.slice(own.indexOf(error.flag) + 1).find(isSubcommand);
    if (subcommand === undefined) throw error;
    const instead = `leader-exec ${subcommand} ${error.flag}`;
    throw new UsageError(`${error.flag} is no flag of leader-exec alone; put it behind the subcommand: ${instead}`);
  }
}

/** Other programs take them for subcommands. */
const words = new Set(["help", "version"]);

function checkOperands([first]: readonly string[]): void {
  if (first === undefined) return;
  const near = words.has(first) ? `--${first}` : nearSubcommand(first);
  const meant = near === null ? "" : `; or did you mean leader-exec ${near}?`;
  if (/^(true|false|yes|no|on|off|0|1)$/.test(first))
    throw new UsageError(
      `"${first}" is no flag: a switch takes its value behind = alone (--enable-leader-election=true), and a command stands behind --: ${example}`,
    );
  throw new UsageError(`"${first}" is no flag: put -- before the command: ${example}${meant}`);
}

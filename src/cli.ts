/** From argv and environment to Options, or to one sentence about what is wrong with them; the only importer of commander. */
import { Command, CommanderError, Option } from "commander";
import { flags, variableOf, type Flag } from "./flags.ts";
import { helpText } from "./help.ts";
import type { Options } from "./options.ts";
import { readOptions, type Settings } from "./settings.ts";
import { nIsNamespace, UsageError, type Given } from "./values.ts";
import { version } from "./version.ts";

export type CommandLine =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "usage-error"; readonly message: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** For later versions; a first word that is anything else is a command without `--`. */
const reserved = ["status", "step-down", "rbac", "doctor"];
const example = "leader-exec ... -- node worker.js";

/** `argv`: without node and script. Everything behind the first `--` is the command's, untouched. */
export function parseCommandLine(argv: readonly string[], env: Environment): CommandLine {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  if (own.includes("--help") || own.includes("-h")) return { kind: "text", text: helpText() };
  if (own.includes("--version")) return { kind: "text", text: `leader-exec ${version}\n` };
  try {
    const settings = withEnvironment(parseFlags(own), env);
    const [file, ...args] = end < 0 ? [] : argv.slice(end + 1);
    if (file === undefined) throw new UsageError(`no command was given; put it behind --: ${example}`);
    return { kind: "run", options: readOptions([file, ...args], settings) };
  } catch (error) {
    if (error instanceof UsageError) return { kind: "usage-error", message: error.message };
    throw error;
  }
}

/** What is given on the command line; the last one of several wins. Throws UsageError. */
function parseFlags(own: readonly string[]): Settings {
  const given = new Map<string, Given>();
  const program = newProgram((flag, by, text) => given.set(flag.name, { by, text }));
  try {
    program.parse(own.map(spelledOut), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.unknownOption") checkOperands(program.parseOptions(own.map(spelledOut)).operands);
    throw usageErrorOf(error);
  }
  checkOperands(program.args);
  return given;
}

/** commander would take a word behind a switch for its value; pflag's rule is that only --switch=value gives one. */
function spelledOut(word: string): string {
  const isBareSwitch = switches.some((name) => word === `--${name}`);
  return isBareSwitch ? `${word}=true` : word;
}

const namesOf = (flag: Flag): string[] => [flag.name, ...(flag.aliases ?? [])];
const switches = flags.filter(({ value }) => value === null).flatMap(namesOf);
const known = new Set([
  ...flags.flatMap(namesOf).map((name) => `--${name}`),
  ...flags.flatMap(({ short }) => (short === undefined ? [] : [`-${short}`])),
]);

function newProgram(take: (flag: Flag, by: string, text: string) => void): Command {
  const program = new Command("leader-exec");
  const silent = (): void => undefined; // what commander would print is thrown as well
  program
    .exitOverride()
    .configureOutput({ writeErr: silent, writeOut: silent })
    .helpOption(false)
    .argument("[words...]");
  const add = (definition: string, by: string, flag: Flag, isVisible: boolean): void => {
    const option = new Option(definition).hideHelp(!isVisible);
    program.addOption(option);
    program.on(`option:${option.name()}`, (text: string | undefined) => {
      if (text !== undefined && known.has(text.split("=", 1)[0] ?? ""))
        throw new UsageError(`${by} needs a value, and ${text} is a flag; put the value between the two${hint(by)}`);
      if (text === "") throw new UsageError(`${by} is empty; give it a value, or leave it out`);
      take(flag, by, text ?? "true");
    });
  };
  for (const flag of flags) {
    const value = flag.value === null ? "[bool]" : "<value>";
    for (const name of namesOf(flag)) add(`--${name} ${value}`, `--${name}`, flag, name === flag.name);
    if (flag.short !== undefined)
      add(flag.value === null ? `-${flag.short}` : `-${flag.short} ${value}`, `-${flag.short}`, flag, false);
  }
  return program;
}

const hint = (by: string): string => (by === "-n" ? `; ${nIsNamespace}` : "");

function checkOperands(operands: readonly string[]): void {
  const [first] = operands;
  if (first === undefined) return;
  if (reserved.includes(first))
    throw new UsageError(
      `this version has no subcommand ${first}; to run a program of that name: leader-exec ... -- ${first}`,
    );
  throw new UsageError(`"${first}" is no flag: put -- before the command: ${example}`);
}

function usageErrorOf({ code, message }: CommanderError): UsageError {
  const unknown = /unknown option '([^']*)'/.exec(message)?.[1];
  if (unknown !== undefined) {
    const near = /Did you mean (?:one of )?(.*)\?/.exec(message)?.[1];
    return new UsageError(
      `${unknown} is no flag of leader-exec; ${near === undefined ? "see leader-exec --help" : `did you mean ${near}?`}`,
    );
  }
  const missing = /option '([^ ']*)/.exec(message)?.[1];
  if (code === "commander.optionMissingArgument" && missing !== undefined)
    return new UsageError(`${missing} needs a value; see leader-exec --help${hint(missing)}`);
  return new UsageError(`${message.replace(/^error: /, "")}; see leader-exec --help`);
}

/** Of these one is meant: a flag wins over the variable of another. */
const exclusive: readonly (readonly string[])[] = [
  ["log-level", "verbose", "quiet"],
  ["wait", "nonblock"],
];

/** Flags win; an empty variable counts as not set, since manifests and scripts can hardly leave one out. */
function withEnvironment(given: Settings, env: Environment): Settings {
  const settings = new Map(given);
  const rivals = exclusive.filter((names) => names.some((name) => given.has(name))).flat();
  for (const flag of flags) {
    const by = variableOf(flag);
    const text = env[by];
    if (!text || given.has(flag.name) || rivals.includes(flag.name)) continue;
    settings.set(flag.name, { by, text });
  }
  return settings;
}

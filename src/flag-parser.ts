/** From words to the flags that were given and the operands between them; the only importer of commander. */
import { Command, CommanderError, Option } from "commander";
import type { Flag } from "./flag.ts";
import { nIsNamespace, UsageError, type Given } from "./values.ts";

/** Whose words they are. */
export interface Grammar {
  /** "leader-exec", "leader-exec status": for sentences, and for what --help is asked. */
  readonly program: string;
  readonly flags: readonly Flag[];
}

export interface Words {
  /** By flag name without dashes; the last one of several wins. */
  readonly given: ReadonlyMap<string, Given>;
  readonly operands: readonly string[];
}

/** No flag has this name. */
export class UnknownFlag extends UsageError {
  readonly flag: string;

  constructor(flag: string, message: string) {
    super(message);
    this.flag = flag;
  }
}

/** `check` throws for operands that make no sense: of two mistakes, the user hears of that one. Throws UsageError. */
export function parseWords(words: readonly string[], grammar: Grammar, check: (operands: string[]) => void): Words {
  const given = new Map<string, Given>();
  const spelled = words.map((word) => spelledOut(word, grammar));
  const parser = newParser(grammar, spelled, (flag, by, text) => given.set(flag.name, { by, text }));
  try {
    parser.parse(spelled, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.unknownOption") check(parser.parseOptions(spelled).operands);
    throw usageErrorOf(error, grammar);
  }
  check(parser.args);
  return { given, operands: parser.args };
}

/** commander would take a word behind a switch for its value; pflag's rule is that only --switch=value gives one. */
function spelledOut(word: string, { flags }: Grammar): string {
  const isBareSwitch = flags.some((flag) => flag.value === null && namesOf(flag).some((name) => word === `--${name}`));
  return isBareSwitch ? `${word}=true` : word;
}

const namesOf = (flag: Flag): string[] => [flag.name, ...(flag.aliases ?? [])];

const headOf = (word: string): string => word.split("=", 1)[0] ?? "";

/** commander suggests no name that takes more changes (maxDistance in its suggestSimilar.js). */
const mostChanges = 3;

/**
 * False when that many changes cannot make one of the other. With all names to compare commander runs so long that V8 optimizes it, which
 * takes longer than the comparison.
 */
function isLike(word: string, name: string): boolean {
  if (Math.abs(word.length - name.length) > mostChanges) return false;
  return Array.from(word).filter((letter) => !name.includes(letter)).length <= mostChanges;
}

/**
 * Knows the flags that these words name, because each costs commander 40 us; when a word is like a flag and no name, also all short
 * ones (-vq) and all that a mistake may have meant.
 */
function newParser(
  { program, flags }: Grammar,
  words: readonly string[],
  take: (flag: Flag, by: string, text: string) => void,
): Command {
  const parser = new Command(program);
  const silent = (): void => undefined; // what commander would print is thrown as well
  parser
    .exitOverride()
    .configureOutput({ writeErr: silent, writeOut: silent })
    .helpOption(false)
    .argument("[words...]");
  const known = new Set(
    flags.flatMap((flag) => [
      ...namesOf(flag).map((name) => `--${name}`),
      ...(flag.short === undefined ? [] : [`-${flag.short}`]),
    ]),
  );
  const named = new Set(words.map(headOf));
  const strange = words.map(headOf).filter((word) => word.startsWith("-") && !known.has(word));
  const isMeant = (by: string): boolean => strange.some((word) => isLike(word, by));
  const add = (definition: string, by: string, flag: Flag, isVisible: boolean): void => {
    if (!named.has(by) && !(by.length === 2 ? strange.length > 0 : isVisible && isMeant(by))) return;
    const option = new Option(definition).hideHelp(!isVisible);
    parser.addOption(option);
    parser.on(`option:${option.name()}`, (text: string | undefined) => {
      if (text !== undefined && known.has(headOf(text)))
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
  return parser;
}

const hint = (by: string): string => (by === "-n" ? `; ${nIsNamespace}` : "");

function usageErrorOf({ code, message }: CommanderError, { program }: Grammar): UsageError {
  const unknown = /unknown option '([^']*)'/.exec(message)?.[1];
  if (unknown !== undefined) {
    const near = /Did you mean (?:one of )?(.*)\?/.exec(message)?.[1];
    return new UnknownFlag(
      unknown,
      `${unknown} is no flag of ${program}; ${near === undefined ? `see ${program} --help` : `did you mean ${near}?`}`,
    );
  }
  const missing = /option '([^ ']*)/.exec(message)?.[1];
  if (code === "commander.optionMissingArgument" && missing !== undefined)
    return new UsageError(`${missing} needs a value; see ${program} --help${hint(missing)}`);
  return new UsageError(`${message.replace(/^error: /, "")}; see ${program} --help`);
}

/** What the subcommands need, and a run does not. */
import { ask, type AskParts } from "../ask/ask.ts";
import type { Question } from "../question.ts";
import { createClock } from "../io/clock.ts";
import { StandardTerminal } from "../io/standard-terminal.ts";

/** Resolves with the exit code when everything that was printed is out. */
export function answer(question: Question, parse: AskParts["parse"]): Promise<number> {
  return ask(question, { env: process.env, terminal: new StandardTerminal(), clock: createClock(), parse });
}

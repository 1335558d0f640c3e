import type { TestContext } from "node:test";
import { Candidate, folderOf, product } from "./candidate.ts";

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Question {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What stands behind `--`; nothing when it is not given. */
  readonly command?: readonly string[];
  /** Another copy of the product. */
  readonly program?: string;
}

/** Runs a subcommand of the built product to its end, in an environment that configures nothing. */
export async function answerOf(t: TestContext, words: readonly string[], question: Question = {}): Promise<Answer> {
  const { env = {}, command, program = product } = question;
  const own = [process.execPath, program, ...words, ...(command === undefined ? [] : ["--", ...command])];
  const asked = new Candidate(t, { instead: own, env: { HOME: folderOf(t), ...env } });
  const code = await asked.code();
  return { code, stdout: asked.stdout, stderr: asked.stderr };
}

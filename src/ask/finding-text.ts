/** Findings as people read them. Pure. */
import type { Finding } from "./finding.ts";

/** What a terminal shows in colour. */
const colours = { ok: 32, problem: 31, note: 33 } as const;
const verdictWidth = 9;

export interface Page {
  /** Columns; null: not a terminal, each finding is one line. */
  readonly width: number | null;
  readonly coloured: boolean;
  /** Of the widest check. */
  readonly checkWidth: number;
}

/**
 * "problem  rights    ...; what to do". On a terminal wrapped, below its beginning.
 * @param above what was told before: its advice is not repeated
 */
export function textOf(
  { verdict, check, message, advice }: Finding,
  page: Page,
  above: readonly Finding[] = [],
): string {
  const column = verdictWidth + page.checkWidth + 2;
  const padded = verdict.padEnd(verdictWidth);
  const head = page.coloured ? `\x1b[${colours[verdict]}m${padded}\x1b[0m` : padded;
  const isRepeated = above.some((each) => each.advice === advice);
  const text = oneLine(
    advice === undefined ? message : `${message}; ${isRepeated ? "what to do stands above" : advice}`,
  );
  const lines = page.width === null ? [text] : wrapped(text, Math.max(30, page.width - column));
  return `${head}${check.padEnd(page.checkWidth + 2)}${lines.join(`\n${" ".repeat(column)}`)}\n`;
}

/** What others made (a holder's name, a server's message) must not be able to write lines of its own, nor move the cursor. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");

/** The last line. */
export function summaryOf(findings: readonly Finding[]): string {
  const count = (verdict: Finding["verdict"]): number => findings.filter((each) => each.verdict === verdict).length;
  const [problems, notes] = [counted(count("problem"), "problem"), counted(count("note"), "note")];
  return count("problem") === 0 ? `all is well, with ${notes}\n` : `${problems}, ${notes}\n`;
}

const counted = (count: number, what: string): string =>
  `${count === 0 ? "no" : count} ${what}${count === 1 ? "" : "s"}`;

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** One object for programs: the same words, and the figures in them. */
export function jsonOf(findings: readonly Finding[]): string {
  const count = (verdict: Finding["verdict"]): number => findings.filter((each) => each.verdict === verdict).length;
  return `${JSON.stringify({ well: count("problem") === 0, problems: count("problem"), notes: count("note"), findings }, null, 2)}\n`;
}

/** What doctor finds out: one finding a line. Pure. */

export type Verdict = "ok" | "problem" | "note";

/** What was looked at, what is the case, and what to do about it. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly message: string;
  /** Undefined: nothing is to be done. */
  readonly advice: string | undefined;
  /** The figures of the message, for programs. */
  readonly facts: Facts;
}

export type Facts = Readonly<Record<string, string | number | boolean | null>>;

/** Everything is well. */
export const exitWell = 0;
/** At least one finding is a problem. */
export const exitProblem = 1;

export const ok = (check: string, message: string, facts: Facts = {}): Finding => ({
  check,
  verdict: "ok",
  message,
  advice: undefined,
  facts,
});

/** Something to know that need not be changed. */
export const note = (check: string, message: string, advice?: string, facts: Facts = {}): Finding => ({
  check,
  verdict: "note",
  message,
  advice,
  facts,
});

export const problem = (check: string, message: string, advice: string | undefined, facts: Facts = {}): Finding => ({
  check,
  verdict: "problem",
  message,
  advice,
  facts,
});

/** Sentences of other parts say what happened and, behind the last semicolon, what to do. */
export function problemOf(check: string, sentence: string): Finding {
  const end = sentence.replace(/\.$/, "");
  const cut = end.lastIndexOf("; ");
  return cut < 0 ? problem(check, end, undefined) : problem(check, end.slice(0, cut), end.slice(cut + 2));
}

/** Checks that had nothing to go by: one line for all of them. */
export function skipped(checks: readonly string[], because: string): Finding {
  return note("skipped", `${checks.join(", ")}: ${because}`, undefined, { checks: checks.join(" ") });
}

export function exitCodeOf(findings: readonly Finding[]): number {
  return findings.some(({ verdict }) => verdict === "problem") ? exitProblem : exitWell;
}

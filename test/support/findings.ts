import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Finding } from "../../src/ask/finding.ts";
import { answerOf, type Question } from "./subcommand.ts";

/** What doctor found, by `-o json`. */
export class Diagnosis {
  readonly code: number | null;
  readonly findings: readonly Finding[];

  constructor(code: number | null, stdout: string) {
    const { well, problems, findings } = JSON.parse(stdout) as {
      well: boolean;
      problems: number;
      findings: readonly Finding[];
    };
    this.code = code;
    this.findings = findings;
    assert.equal(well, code === 0);
    assert.equal(problems, this.problems().length);
  }

  of(check: string): Finding {
    const found = this.findings.find((finding) => finding.check === check);
    assert.ok(found !== undefined, `there is a line on ${check} in ${this.text()}`);
    return found;
  }

  problems(): Finding[] {
    return this.findings.filter(({ verdict }) => verdict === "problem");
  }

  /** Exactly these checks are problems; each says what to do. */
  assertProblems(...checks: readonly string[]): void {
    assert.deepEqual([...new Set(this.problems().map(({ check }) => check))], checks, this.text());
    for (const { advice, check } of this.problems()) assert.ok(advice, `${check} says what to do`);
    assert.equal(this.code, checks.length === 0 ? 0 : 1);
  }

  text(): string {
    return this.findings
      .map(({ verdict, check, message, advice }) => `\n${verdict} ${check}: ${message}; ${advice ?? ""}`)
      .join("");
  }
}

/** Runs `leader-exec doctor`. */
export async function diagnose(t: TestContext, args: readonly string[], question: Question = {}): Promise<Diagnosis> {
  const all = ["doctor", "--enable-leader-election", ...args, "-o", "json"];
  const { code, stdout, stderr } = await answerOf(t, all, { command: ["true"], ...question });
  assert.equal(stderr, "", "doctor prints on stdout");
  return new Diagnosis(code, stdout);
}

import { exitCodes } from "./core/outcome.ts";
import type { Group } from "./flag.ts";
import { flagGroups, termOf } from "./flags.ts";
import { subcommands } from "./subcommands.ts";

const width = 100;

/** What is to be said about a program or a subcommand. */
export interface Manual {
  /** "leader-exec status [NAME] [options]" */
  readonly usage: string;
  readonly does: string;
  readonly groups: readonly Group[];
  /** Further lines with a term each, below the flags. */
  readonly terms: readonly (readonly [string, string])[];
  /** Paragraphs, each ended by a line end. */
  readonly notes: readonly string[];
  readonly exitCodes: readonly { readonly code: string; readonly meaning: string }[];
  readonly examples: readonly string[];
}

/** What --help prints: flags by purpose, environment, exit codes. */
export function helpText(): string {
  const asked = subcommands.map(({ name, operands, does }) => row(`${name} ${operands}`.trimEnd(), does, 25)).join("");
  return manualText({
    usage: "leader-exec [options] -- <command> [args...]\n       leader-exec <subcommand> [options]",
    does: `Runs a command only while this process holds a Kubernetes Lease.\n\nSubcommands, each with a --help of its own:\n${asked}`,
    groups: flagGroups,
    terms: [
      ["-h, --help", "print this"],
      ["--version", "print the version"],
    ],
    notes: [
      `Every flag has an environment variable: LEADER_EXEC_LEASE_NAME for --lease-name.\n` +
        `Durations: 15s, 1m30s, 500ms; a bare number means seconds.\n`,
    ],
    exitCodes,
    examples: ["leader-exec --enable-leader-election --lease-name my-job -- node worker.js"],
  });
}

export function manualText({ usage, does, groups, terms, notes, exitCodes: codes, examples }: Manual): string {
  const all = groups.flatMap((each) => each.flags);
  const column = Math.max(...all.map((flag) => termOf(flag).length)) + 4;
  const blocks = groups.map((each) => {
    const rows = each.flags.map((flag) => row(termOf(flag), `${flag.help} (default: ${flag.fallback})`, column));
    return `${each.title}:\n${rows.join("")}`;
  });
  return [
    `Usage: ${usage}\n\n${does.trimEnd()}\n`,
    ...blocks,
    `Help:\n${terms.map(([term, text]) => row(term, text, column)).join("")}`,
    ...notes,
    `Exit codes:\n${codes.map(({ code, meaning }) => row(code, meaning, 18)).join("")}`,
    `Example${examples.length > 1 ? "s" : ""}:\n${examples.map((each) => `  ${each}\n`).join("")}`,
  ].join("\n");
}

function row(term: string, text: string, column: number): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || column + last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  const indent = " ".repeat(column);
  return `${`  ${term}`.padEnd(column)}${lines.join(`\n${indent}`)}\n`;
}

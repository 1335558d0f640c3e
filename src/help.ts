import { exitCodes } from "./core/outcome.ts";
import { flagGroups, flags, termOf } from "./flags.ts";

const width = 100;

/** What --help prints: flags by purpose, environment, exit codes. */
export function helpText(): string {
  const terms = flags.map((flag) => termOf(flag).length);
  const column = Math.max(...terms) + 4;
  const groups = flagGroups.map((group) => {
    const rows = group.flags.map((flag) => row(termOf(flag), `${flag.help} (default: ${flag.fallback})`, column));
    return `${group.title}:\n${rows.join("")}`;
  });
  const codes = exitCodes.map(({ code, meaning }) => row(code, meaning, 18));
  return [
    `Usage: leader-exec [options] -- <command> [args...]\n\nRuns a command only while this process holds a Kubernetes Lease.\n`,
    ...groups,
    `Help:\n${row("-h, --help", "print this", column)}${row("--version", "print the version", column)}`,
    `Every flag has an environment variable: LEADER_EXEC_LEASE_NAME for --lease-name.\n` +
      `Durations: 15s, 1m30s, 500ms; a bare number means seconds.\n`,
    `Exit codes:\n${codes.join("")}`,
    `Example:\n  leader-exec --enable-leader-election --lease-name my-job -- node worker.js\n`,
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

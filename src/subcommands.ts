/** The words that stand for something else than a run; what they do is in src/ask, which only they load. */

export interface Summary {
  readonly name: string;
  /** As --help shows it: "[NAME]". */
  readonly operands: string;
  /** "tells who leads": what it does, in the third person. */
  readonly does: string;
}

export const subcommands: readonly Summary[] = [
  { name: "status", operands: "[NAME]", does: "tells who leads, since when, and whether the Lease is held" },
  { name: "step-down", operands: "NAME", does: "asks the holder to hand over gracefully" },
  { name: "rbac", operands: "", does: "prints the least Role and RoleBinding for a run with these flags" },
  { name: "doctor", operands: "", does: "looks whether a run with these flags would do well, and changes nothing" },
];

const names = [...subcommands.map(({ name }) => name), "help"];

export function isSubcommand(word: string): boolean {
  return names.includes(word);
}

/** The subcommand that was probably meant: one that differs by no more than two letters. */
export function nearSubcommand(word: string): string | null {
  const near = names.map((name) => ({ name, steps: distance(word.toLowerCase(), name) }));
  const best = near.sort((a, b) => a.steps - b.steps)[0];
  return best !== undefined && best.steps <= 2 && best.steps < best.name.length / 2 ? best.name : null;
}

/** Levenshtein's: letters to be put in, left out or replaced. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of Array.from(from).entries()) {
    const next = [line + 1];
    for (const [column, other] of Array.from(to).entries())
      next.push(
        Math.min((row[column] ?? 0) + Number(letter !== other), (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1),
      );
    row = next;
  }
  return row[to.length] ?? 0;
}

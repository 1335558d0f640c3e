import { entryOf, faults, type FaultName } from "./table.ts";

/** The whole suite is dealt into this many parts, one a day. */
export const parts = 10;

/**
 * What is run. `quick` is the selection that `npm test` has in it; `all` is everything, in whole; `part` is one part in
 * whole, alone or `beside` the quick selection.
 */
export type Selection =
  | { readonly kind: "quick" }
  | { readonly kind: "all" }
  | { readonly kind: "part"; readonly part: number; readonly beside: boolean };

/** FAULTS says it (`quick`, `all`, `part:K`). Without it a run in CI (CI=true) adds the part of the day to the quick selection. */
export function selectionOf(env: NodeJS.ProcessEnv, now = Date.now()): Selection {
  const { FAULTS: wanted, CI: ci } = env;
  // Test files of one run that begin before and after midnight must mean the same part.
  const day = Number(env["FAULTS_DAY"] ?? dayOf(now));
  if (!wanted) return ci === "true" ? { kind: "part", part: (day % parts) + 1, beside: true } : { kind: "quick" };
  if (wanted === "quick" || wanted === "all") return { kind: wanted };
  const part = Number(/^part:(\d+)$/.exec(wanted)?.[1]);
  if (part >= 1 && part <= parts) return { kind: "part", part, beside: false };
  throw new Error(`FAULTS=${wanted} means nothing; say quick, all, or part:1 to part:${parts}`);
}

/** Days since 1970. */
export const dayOf = (now: number): number => Math.floor(now / 86_400_000);

/** The faults of each part: the longest first, each to the part that has the least to do so far. */
export function deal(): readonly (readonly FaultName[])[] {
  const dealt = Array.from({ length: parts }, () => ({ names: [] as FaultName[], seconds: 0 }));
  const longestFirst = [...faults].sort((a, b) => entryOf(b)[2] - entryOf(a)[2]);
  for (const name of longestFirst) {
    const least = dealt.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    least.names.push(name);
    least.seconds += entryOf(name)[2];
  }
  return dealt.map(({ names }) => names);
}

/** How often a fault is run. */
export function runsIn(selection: Selection, name: FaultName): number {
  const [quick, whole] = entryOf(name);
  if (selection.kind === "all") return whole;
  if (selection.kind === "quick") return quick;
  if (deal()[selection.part - 1]?.includes(name)) return whole;
  return selection.beside ? quick : 0;
}

/** The lines that tell what a run has in it, and what it left out. */
export function account(selection: Selection): string[] {
  const left = faults.filter((name) => runsIn(selection, name) === 0);
  const fewer = faults.filter((name) => runsIn(selection, name) > 0 && runsIn(selection, name) < entryOf(name)[1]);
  return [
    `faults: ${titleOf(selection)}; ${faults.length - left.length} of ${faults.length} are run`,
    ...(fewer.length > 0 ? [`run less often than in the whole suite: ${fewer.length}`] : []),
    ...left.map((name) => `left out: ${name}`),
  ];
}

function titleOf(selection: Selection): string {
  if (selection.kind !== "part") return selection.kind === "all" ? "the whole suite" : "the quick selection";
  const part = `part ${selection.part} of ${parts} in whole (FAULTS=part:${selection.part} runs it again)`;
  return selection.beside ? `the quick selection, and ${part}` : part;
}

/** Versions as semver.org (2.0.0) has them, strictly, as the API server takes them: no "v", three numbers, none with a leading zero. */
export interface Version {
  readonly numbers: readonly [bigint, bigint, bigint];
  /** Empty: a release. */
  readonly preRelease: readonly string[];
}

const number = "(0|[1-9]\\d*)";
const identifier = "(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)";
const form = new RegExp(
  `^${number}\\.${number}\\.${number}(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?$`,
);

/** Null when the text is no version. Build metadata is checked and left out: it has no part in any order. */
export function parseVersion(text: string): Version | null {
  const [, major, minor, patch, preRelease] = form.exec(text) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return null;
  return {
    numbers: [BigInt(major), BigInt(minor), BigInt(patch)],
    preRelease: preRelease === undefined ? [] : preRelease.split("."),
  };
}

/** Negative when `a` comes before `b` (semver.org, 11). */
export function compareVersions(a: Version, b: Version): number {
  for (const index of [0, 1, 2] as const) {
    if (a.numbers[index] !== b.numbers[index]) return a.numbers[index] < b.numbers[index] ? -1 : 1;
  }
  if (a.preRelease.length === 0 || b.preRelease.length === 0) return b.preRelease.length - a.preRelease.length;
  for (const [index, one] of a.preRelease.entries()) {
    const other = b.preRelease[index];
    if (other === undefined) return 1;
    if (one !== other) return compareIdentifiers(one, other);
  }
  return a.preRelease.length - b.preRelease.length;
}

/** Numbers by their value and before all words; words by their characters. */
function compareIdentifiers(one: string, other: string): number {
  const [first, second] = [one, other].map((text) => /^\d+$/.test(text));
  if (first && second) return BigInt(one) < BigInt(other) ? -1 : 1;
  if (first !== second) return first ? -1 : 1;
  return one < other ? -1 : 1;
}

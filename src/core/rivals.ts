/** Candidates that keep the server from electing anybody. */
import type { Rival } from "./candidacy-types.ts";
import { compareVersions, parseVersion } from "./semver.ts";

/**
 * The strategy of the highest version counts (kube-apiserver, pickBestStrategy); where candidates of that version differ, the server logs
 * an error and elects nobody. Null: all is well.
 */
export function quarrelAmong(rivals: readonly Rival[]): string | null {
  const highest = rivals.reduce<readonly Rival[]>((best, rival) => {
    const order = best[0] === undefined ? 1 : compare(rival, best[0]);
    return order > 0 ? [rival] : order < 0 ? best : [...best, rival];
  }, []);
  const [first] = [...highest].sort((a, b) => (a.identity < b.identity ? -1 : 1));
  const other = highest.find(({ strategy }) => strategy !== first?.strategy);
  if (first === undefined || other === undefined) return null;
  return `the server elects nobody, because candidates of version ${first.binaryVersion} ask for two strategies: ${first.identity} for ${first.strategy}, ${other.identity} for ${other.strategy}; give all of them the same --strategy`;
}

function compare(a: Rival, b: Rival): number {
  const [one, other] = [parseVersion(a.binaryVersion), parseVersion(b.binaryVersion)];
  return one === null || other === null ? 0 : compareVersions(one, other);
}

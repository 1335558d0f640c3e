/** What `status` says of one Lease on which the API server elects: by what, and who the candidates are. */
import { quarrelAmong } from "../core/rivals.ts";
import { compareVersions, parseVersion } from "../core/semver.ts";
import type { Millis } from "../core/types.ts";
import type { Electorate, Standing } from "../io/lease-electorate.ts";
import type { Facts } from "./facts.ts";
import { aligned, ago, printable } from "./status-table.ts";

/** Lines below the table, each with its end; none where nobody stands for election. @param now on the server's clock */
export function candidatesBelow(facts: Facts, electorate: Electorate, now: Millis): string {
  const { strategy, name } = facts;
  const trouble = candidatesTrouble(facts, electorate);
  const by = strategy === null ? "" : `${name}: coordinated by the strategy ${printable(strategy)}\n`;
  const said = `${by}${trouble === null ? "" : `${name}: ${printable(trouble)}\n`}`;
  if (electorate.kind !== "known" || electorate.candidates.length === 0) return said;
  const titles = ["CANDIDATE", "VERSION", "EMULATES", "STRATEGY", "REGISTERED", "ANSWERED", "ROLE"];
  const lines = bestFirst(electorate.candidates).map((each) => [
    ...[each.identity, each.binaryVersion, each.emulationVersion, each.strategy].map((cell) => printable(cell) || "-"),
    ago(each.registered, now) || "-",
    each.asked === null ? ago(each.answered, now) || "-" : `not since it was asked ${ago(each.asked, now)}`,
    roleOf(each, facts),
  ]);
  return `${said}\n${aligned([titles, ...lines])}`;
}

/** What keeps the server from electing, or us from knowing the candidates; null: nothing to tell. */
export function candidatesTrouble({ strategy, state }: Facts, electorate: Electorate): string | null {
  if (electorate.kind === "known")
    return state === "held" && quarrelAmong(electorate.candidates) !== null
      ? `${quarrelAmong(electorate.candidates)}; the holder stays until it ends`
      : quarrelAmong(electorate.candidates);
  return strategy === null ? null : `its candidates are not known: ${electorate.message}`;
}

function roleOf({ identity }: Standing, { holder, preferred }: Facts): string {
  return identity === holder ? "holder" : identity === preferred ? "preferred" : "-";
}

/** As OldestEmulationVersion sees them: emulation, then binary version, then who registered first. */
export function bestFirst(candidates: readonly Standing[]): Standing[] {
  return [...candidates].sort(
    (a, b) =>
      compare(a.emulationVersion, b.emulationVersion) ||
      compare(a.binaryVersion, b.binaryVersion) ||
      (a.registered ?? 0) - (b.registered ?? 0) ||
      (a.identity < b.identity ? -1 : 1),
  );
}

function compare(a: string, b: string): number {
  const [one, other] = [parseVersion(a), parseVersion(b)];
  return one === null || other === null ? 0 : compareVersions(one, other);
}

import { exitFailed } from "../core/outcome.ts";
import type { Millis } from "../core/types.ts";
import type { Facts } from "./facts.ts";

/** A Lease of a list: what it says, or why it cannot be read. */
export type Row =
  Facts | { readonly namespace: string; readonly name: string; readonly state: "unreadable"; readonly message: string };

/** The exit code that tells a state. */
export function codeOf({ state }: Row): number {
  return { held: 0, free: 1, missing: 1, expired: 2, unreadable: exitFailed }[state];
}

/** What a list says. */
export interface Rows {
  readonly rows: readonly Row[];
  /** When it was said, on the server's clock. */
  readonly now: Millis;
}

/** Of several Leases the highest code counts. */
export function codeOfAll(rows: readonly Row[]): number {
  return Math.max(0, ...rows.map(codeOf));
}

import { exitFailed } from "../core/outcome.ts";
import type { Facts } from "./facts.ts";

/** A Lease of a list: what it says, or why it cannot be read. */
export type Row =
  Facts | { readonly namespace: string; readonly name: string; readonly state: "unreadable"; readonly message: string };

/** The exit code that tells a state. */
export function codeOf({ state }: Row): number {
  return { held: 0, free: 1, missing: 1, expired: 2, unreadable: exitFailed }[state];
}

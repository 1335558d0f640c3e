/** `status --all`: every Lease of a namespace or of the store. */
import { exitFailed } from "../core/outcome.ts";
import type { Millis } from "../core/types.ts";
import { openList, type Listing } from "../io/lease-list.ts";
import { factsOf, timeOf } from "./facts.ts";
import { leaseChoice, timeoutOf } from "./lease-choice.ts";
import { watchLeases } from "./status-all-watch.ts";
import { jsonOf } from "./status-json.ts";
import { codeOfAll, type Row, type Rows } from "./status-rows.ts";
import { tableOf } from "./status-table.ts";
import type { Asked } from "./subcommand.ts";

export interface Manner {
  readonly form: "table" | "wide" | "json";
  readonly allNamespaces: boolean;
  readonly watches: boolean;
}

export async function answerAll(asked: Asked, { form, allNamespaces, watches }: Manner): Promise<number> {
  const { terminal, clock, env } = asked;
  const timeout = timeoutOf(asked);
  const list = await openList({ ...leaseChoice(asked), allNamespaces }, clock, env);
  try {
    const listing = await list.read(clock.now() + timeout);
    if (listing.kind === "failed") {
      terminal.complain(listing.message);
      return exitFailed;
    }
    const first = rowsOf(listing, clock.wall());
    const none = `there are no Leases in ${allNamespaces ? "any namespace" : `the namespace ${listing.namespace}`}`;
    if (watches) {
      const where = allNamespaces ? "-A" : `--all -n ${listing.namespace}`;
      const read = async (): Promise<Rows | string> => {
        const found = await list.read(clock.now() + timeout);
        return found.kind === "failed" ? found.message : rowsOf(found, clock.wall());
      };
      return await watchLeases({ terminal, clock, form, where, withNamespace: allNamespaces, none, first, read });
    }
    if (form === "json") terminal.print(jsonOf(first.rows, first.now));
    else if (first.rows.length > 0) terminal.print(tableOf(first.rows, first.now, form === "wide", allNamespaces));
    else terminal.complain(none);
    return codeOfAll(first.rows);
  } finally {
    list.close();
  }
}

/** @param wall our own clock, for a store that tells no time */
function rowsOf({ leases }: Extract<Listing, { kind: "listed" }>, wall: Millis): Rows {
  let now = wall;
  const rows = leases.map(({ namespace, name, found }): Row => {
    if (!("lease" in found)) return { namespace, name, state: "unreadable", message: found.message };
    now = timeOf(found, now);
    return factsOf({ namespace, name }, found.lease, now);
  });
  return { rows, now };
}

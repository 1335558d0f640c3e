/** `leader-exec status`: who leads, since when, and whether the Lease is held. Reads only. */
import { exitFailed } from "../core/outcome.ts";
import { flag, group } from "../flag.ts";
import { openStore } from "../io/open-store.ts";
import { leaseChoice, timeoutOf } from "./lease-choice.ts";
import { leaseFlags, sharedFlags, type Asked, type Subcommand } from "./subcommand.ts";

export const status: Subcommand = {
  name: "status",
  groups: [
    group("What to print", flag("timeout", "T", "10s", "give up when the store has not answered within this time")),
    sharedFlags(leaseFlags),
  ],
  shared: leaseFlags,
  mostOperands: 1,
  takesCommand: false,
  notes: [],
  exitCodes: [
    { code: "0", meaning: "the Lease is held" },
    { code: "1", meaning: "the Lease is free: released, or not there" },
    { code: "125", meaning: "it could not be read" },
    { code: "64", meaning: "usage" },
  ],
  examples: ["leader-exec status my-job", "leader-exec status my-job -n jobs"],
  answer,
};

async function answer(asked: Asked): Promise<number> {
  const { terminal, clock, env } = asked;
  const choice = leaseChoice(asked);
  const until = clock.now() + timeoutOf(asked);
  const { store, namespace } = await openStore(choice, clock, env);
  const found = await store.read(until);
  store.close();
  const lease = `${namespace}/${choice.leaseName}`;
  if (found.kind === "failed") {
    terminal.complain(found.message);
    return exitFailed;
  }
  const holder = found.kind === "missing" ? "" : found.lease.record.holder;
  terminal.print(`${lease}\t${holder === "" ? "free" : holder}\n`);
  return holder === "" ? 1 : 0;
}

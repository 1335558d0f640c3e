/** `leader-exec status`: who leads, since when, and whether the Lease is held. Reads only. */
import { exitFailed } from "../core/outcome.ts";
import { flag, group } from "../flag.ts";
import { electorateOf } from "../io/lease-electorate.ts";
import { openToRead } from "../io/open-to-read.ts";
import { UsageError } from "../values.ts";
import { factsOf, timeOf, type Facts } from "./facts.ts";
import { leaseChoice, timeoutOf } from "./lease-choice.ts";
import { outputFlag, outputOf } from "./output.ts";
import { answerAll } from "./status-all.ts";
import { candidatesBelow } from "./status-candidates.ts";
import { jsonOf } from "./status-json.ts";
import { codeOf } from "./status-rows.ts";
import { tableOf } from "./status-table.ts";
import { watchLease } from "./status-watch.ts";
import { isOn, leaseFlags, sharedFlags, type Asked, type Subcommand } from "./subcommand.ts";

const forms = ["table", "wide", "json"] as const;

export const status: Subcommand = {
  name: "status",
  groups: [
    group(
      "What to print",
      outputFlag(forms, "as a table, as one with all columns, or as JSON"),
      flag(
        "watch",
        null,
        "false",
        "go on, and tell what changes: a table that is redrawn, or one line a change in a pipe",
        {
          short: "w",
        },
      ),
      flag("all", null, "false", "every Lease of the namespace; needs the verb list"),
      flag("all-namespaces", null, "false", "every Lease of the store", { short: "A" }),
      flag("timeout", "T", "10s", "give up when the store has not answered within this time"),
    ),
    sharedFlags(leaseFlags),
  ],
  shared: leaseFlags,
  mostOperands: 1,
  takesCommand: false,
  notes: [
    "With --watch the exit code tells the last state that was seen; of several Leases the highest code counts.\n",
  ],
  exitCodes: [
    { code: "0", meaning: "the Lease is held" },
    { code: "1", meaning: "the Lease is free: released, or not there" },
    { code: "2", meaning: "the Lease has expired: its holder does not renew it any more" },
    { code: "125", meaning: "it could not be read, or the answer not be written" },
    { code: "64", meaning: "usage" },
  ],
  examples: [
    "leader-exec status my-job -n jobs",
    "leader-exec status my-job --watch",
    "leader-exec status --all -o wide",
  ],
  answer,
};

async function answer(asked: Asked): Promise<number> {
  const { settings, operands } = asked;
  const form = outputOf(settings, forms);
  const everywhere = isOn(settings, "all-namespaces");
  const watches = isOn(settings, "watch");
  if (everywhere || isOn(settings, "all")) {
    const [name] = operands;
    if (name !== undefined)
      throw new UsageError(`${name} was named, and --all asks for every Lease; leave one of the two out`);
    return answerAll(asked, { form, allNamespaces: everywhere, watches });
  }
  const choice = leaseChoice(asked);
  const { terminal, clock, env } = asked;
  const timeout = timeoutOf(asked);
  const { store, namespace, peer } = await openToRead(choice, clock, env, watches ? ["get", "watch"] : ["get"]);
  try {
    const at = { namespace, name: choice.leaseName };
    const deadline = clock.now() + timeout;
    const found = await store.read(deadline);
    if (found.kind === "failed") {
      terminal.complain(found.message);
      return exitFailed;
    }
    if (watches) return await watchLease({ store, at, form, timeout, first: found, ...asked });
    const now = found.kind === "missing" ? clock.wall() : timeOf(found, clock.wall());
    const facts = factsOf(at, found.kind === "missing" ? null : found.lease, now);
    // A Lease that is not there may be one on which the server cannot elect.
    const isAsked = peer !== null && (facts.strategy !== null || facts.state === "missing");
    const electorate = isAsked ? await electorateOf(peer, choice.leaseName, deadline) : null;
    const below = electorate === null ? "" : candidatesBelow(facts, electorate, now);
    if (form === "json") terminal.print(jsonOf(facts, now, false, electorate));
    else terminal.print(`${tableOf([facts], now, form === "wide")}${below}`);
    if (facts.state === "missing") terminal.complain(missing(facts));
    return codeOf(facts);
  } finally {
    store.close();
  }
}

function missing({ namespace, name }: Facts): string {
  return `there is no Lease ${name} in the namespace ${namespace}: nobody has led yet, or its name or namespace (-n) is another one`;
}

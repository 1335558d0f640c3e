/** `leader-exec step-down`: asks the holder to hand over, by an annotation that names it; see core/step-down.ts for the other side. */
import { randomBytes } from "node:crypto";
import { exitFailed } from "../core/outcome.ts";
import type { StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import { flag, group } from "../flag.ts";
import { openToRead } from "../io/open-to-read.ts";
import type { LeaseStore } from "../world.ts";
import { durationValue, UsageError } from "../values.ts";
import { factsOf, timeOf } from "./facts.ts";
import { leaseChoice, timeoutOf } from "./lease-choice.ts";
import { span } from "./span.ts";
import { waitForSuccessor, type Waited } from "./step-down-wait.ts";
import { isOn, leaseFlags, sharedFlags, type Asked, type Subcommand } from "./subcommand.ts";

const usualWait: Millis = 120_000;
/** The holder renews every few seconds: more conflicts in a row than this are somebody else's storm. */
const mostTries = 10;

const codes = { asked: 0, nobody: 1, changed: 2, foreign: 3, late: 4 } as const;

export const stepDown: Subcommand = {
  name: "step-down",
  groups: [
    group(
      "Waiting",
      flag("wait", null, "false", "wait for the next holder, and tell who it is and how long nobody led"),
      flag("wait-timeout", "T", "2m", "with --wait: give up after this time"),
      flag("timeout", "T", "10s", "give up when the store has not answered within this time"),
    ),
    sharedFlags(leaseFlags),
  ],
  shared: leaseFlags,
  mostOperands: 1,
  takesCommand: false,
  takesTime: "--wait-timeout",
  notes: [
    "The holder stops its command as on SIGTERM, releases the Lease, and stands by without contending for one\n" +
      "lease duration. Who asks needs the verbs get and update on the Lease; --wait also wants watch.\n",
  ],
  exitCodes: [
    { code: "0", meaning: "the holder is asked; with --wait: it has handed over" },
    { code: "1", meaning: "nobody holds the Lease" },
    { code: "2", meaning: "the holder changed before it was asked" },
    { code: "3", meaning: "the holder is not leader-exec, so nobody would answer" },
    { code: "4", meaning: "--wait: nobody else has taken over in time" },
    { code: "125", meaning: "the Lease could not be read or written, or the answer not be written" },
    { code: "64", meaning: "usage" },
  ],
  examples: ["leader-exec step-down my-job -n jobs", "leader-exec step-down my-job --wait"],
  answer,
};

async function answer(asked: Asked): Promise<number> {
  const { terminal, clock, env, settings, operands } = asked;
  if (operands.length === 0 && !settings.has("lease-name"))
    throw new UsageError("which Lease? Give its name: leader-exec step-down NAME");
  const choice = leaseChoice(asked);
  const timeout = timeoutOf(asked);
  const waits = isOn(settings, "wait", "--wait-timeout");
  const given = settings.get("wait-timeout");
  const waitFor = given === undefined ? usualWait : durationValue(given);
  if (given !== undefined && !waits)
    throw new UsageError("--wait-timeout was given without --wait; add --wait, or leave it out");
  const { store, namespace } = await openToRead(choice, clock, env, [
    "get",
    "update",
    ...(waits ? (["watch"] as const) : []),
  ]);
  try {
    const lease = `${namespace}/${choice.leaseName}`;
    const told = await request({ store, lease, timeout, asked });
    if ("code" in told) {
      terminal.complain(told.message);
      return told.code;
    }
    terminal.print(`${told.message}\n`);
    if (!waits) return codes.asked;
    const waited = await waitForSuccessor({ store, clock, holder: told.holder, until: clock.now() + waitFor, timeout });
    return conclude(waited, told.holder, lease, waitFor, asked);
  } finally {
    store.close();
  }
}

interface Request {
  readonly store: LeaseStore;
  readonly lease: string;
  readonly timeout: Millis;
  readonly asked: Asked;
}

type Told = { readonly holder: string; readonly message: string } | { readonly code: number; readonly message: string };

/** Compare-and-swap until the request is on the Lease, or there is nobody whom it could be meant for. */
async function request({ store, lease, timeout, asked: { clock } }: Request): Promise<Told> {
  let holder: string | null = null;
  const failed = ({ message }: StoreFailure): Told => ({ code: exitFailed, message });
  for (let tries = 0; tries < mostTries; tries++) {
    const found = await store.read(clock.now() + timeout);
    if (found.kind === "failed") return failed(found);
    if (found.kind === "missing")
      return {
        code: codes.nobody,
        message: `there is no Lease ${lease}; check its name and namespace (leader-exec status --all)`,
      };
    const facts = factsOf({ namespace: "", name: "" }, found.lease, timeOf(found, clock.wall()));
    const refusal = refusalOf(facts, lease, holder, timeOf(found, clock.wall()));
    if (refusal !== null) return refusal;
    holder = facts.holder;
    if (facts.stepDown !== null)
      return { holder, message: `${holder} has been asked already to step down (request ${facts.stepDown})` };
    const id = randomBytes(4).toString("hex");
    const record = { ...found.lease.record, stepDown: { holder, id } };
    const written = await store.write({ base: found.lease, record }, clock.now() + timeout);
    if (written.kind === "failed") return failed(written);
    if (written.kind === "stored") return { holder, message: `asked ${holder} to step down (request ${id})` };
  }
  return {
    code: exitFailed,
    message: `the Lease ${lease} is being changed all the time by others; find out by whom, and try again`,
  };
}

/** Why nobody is asked; null: there is somebody to ask. */
function refusalOf(facts: ReturnType<typeof factsOf>, lease: string, before: string | null, now: Millis): Told | null {
  const { state, holder, kind, expires } = facts;
  if (before !== null && holder !== before) {
    const next = holder === "" ? "nobody holds it now" : `${holder} is the holder now`;
    return {
      code: codes.changed,
      message: `${before} gave up the Lease ${lease} before it was asked; ${next}, and was not asked`,
    };
  }
  if (state === "free")
    return { code: codes.nobody, message: `nobody holds the Lease ${lease}, so nobody can step down` };
  if (state === "expired")
    return {
      code: codes.nobody,
      message: `${holder} let the Lease ${lease} expire ${span(now - (expires ?? now))} ago, so nobody is there to step down; the next standby that runs takes it`,
    };
  if (kind === "other")
    return {
      code: codes.foreign,
      message: `${holder}, the holder of ${lease}, is not leader-exec and would not answer; restart that program instead (for a pod: kubectl delete pod), since most electors release the Lease when they are told to stop`,
    };
  return null;
}

function conclude(waited: Waited, holder: string, lease: string, waitFor: Millis, { terminal }: Asked): number {
  switch (waited.kind) {
    case "handed-over": {
      if (waited.holder === holder) {
        terminal.complain(
          `${holder} released the Lease ${lease} and has taken it again, since nobody else did; start a standby`,
        );
        return codes.late;
      }
      const gap = waited.gap === null ? "how long nobody led was not seen" : `nobody led for ${span(waited.gap, true)}`;
      terminal.print(`${waited.holder} is the holder of ${lease} now; ${gap}\n`);
      return codes.asked;
    }
    case "released":
      terminal.complain(
        `${holder} released the Lease ${lease}, and nobody has taken it within ${span(waitFor)}; start a standby, or wait: ${holder} may take it again after one lease duration`,
      );
      return codes.late;
    case "held":
      terminal.complain(
        `${holder} still holds the Lease ${lease} after ${span(waitFor)}; look at its log: its command may take long to end, or it is an older leader-exec that knows no step-down`,
      );
      return codes.late;
    case "failed":
      terminal.complain(waited.message);
      return exitFailed;
  }
}

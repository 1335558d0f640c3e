/** Which Lease a subcommand is asked about, and how long it may take to answer. */
import type { Millis } from "../core/types.ts";
import type { LeaseChoice } from "../io/open-store.ts";
import { refuseClusterFlags, storeValue } from "../settings.ts";
import { durationValue, namespaceValue, objectNameValue, UsageError, wrong } from "../values.ts";
import type { Asked } from "./subcommand.ts";

/** Of one request: nobody waits longer for an answer at a terminal. */
const usualTimeout: Millis = 10_000;

/** Throws UsageError. */
export function leaseChoice({ settings, operands: [name] }: Asked): LeaseChoice {
  const given = settings.get("lease-name");
  if (name !== undefined && given?.by.startsWith("--") === true)
    throw new UsageError(`the Lease is named twice, as ${name} and with ${given.by} ${given.text}; leave one out`);
  const chosen = name === undefined ? given : { by: "the Lease", text: name };
  const [namespace, stored] = [settings.get("lease-namespace"), settings.get("lease-store")];
  const store = stored === undefined ? ({ kind: "kubernetes" } as const) : storeValue(stored);
  if (store.kind === "file") refuseClusterFlags(settings);
  return {
    store,
    leaseName: chosen === undefined ? "leader-exec" : objectNameValue(chosen),
    leaseNamespace: namespace === undefined ? undefined : namespaceValue(namespace),
    kubeconfig: settings.get("kubeconfig")?.text,
    context: settings.get("context")?.text,
  };
}

/** Throws UsageError. */
export function timeoutOf({ settings }: Asked): Millis {
  const given = settings.get("timeout");
  if (given === undefined) return usualTimeout;
  const span = durationValue(given);
  if (span === 0) throw wrong(given, "is no time at all; give a longer one");
  return span;
}

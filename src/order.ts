/** What a guard is told about releasing the Lease in our place, should we die. */
import { releaseOrder } from "./io/release-order.ts";
import type { Options } from "./options.ts";

/** `namespace`: the one that counts in the end. Null when it cannot be had: then the Lease is left to expire. */
export function orderFor(
  { store, leaseName, kubeconfig, context, job, coordinated, logLevel: level, logFormat: format }: Options,
  namespace: string,
  identity: string,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  return releaseOrder(env, {
    choice: { store, leaseName, leaseNamespace: namespace, kubeconfig, context },
    identity,
    holdAtLeast: job.holdAtLeast,
    isCandidate: coordinated !== null,
    log: { level, format, colour: false, context: { lease: `${namespace}/${leaseName}`, identity } },
  });
}

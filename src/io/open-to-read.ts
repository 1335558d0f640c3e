/** The store of one Lease for who only looks, or asks its holder for something: nothing is created. */
import type { Clock } from "../world.ts";
import type { Verb } from "./kubernetes-answer.ts";
import { findAccess } from "./kubernetes-sources.ts";
import { openFileStoreToRead } from "./lease-file.ts";
import { openLease } from "./lease-kubernetes.ts";
import type { LeaseChoice, OpenedStore } from "./open-store.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** `needs`: what is going to be done with the Lease, see KubernetesLease. Throws LocalTrouble when the configuration cannot be used. */
export async function openToRead(
  choice: LeaseChoice,
  clock: Clock,
  env: Env,
  needs: readonly Verb[],
): Promise<OpenedStore> {
  const { store, leaseName: lease, leaseNamespace, kubeconfig, context } = choice;
  if (store.kind === "kubernetes") {
    const access = await findAccess({ kubeconfig, context, env });
    return openLease(access, { env, namespace: leaseNamespace, lease, clock, needs });
  }
  const namespace = leaseNamespace ?? "default";
  return {
    store: await openFileStoreToRead({ directory: store.directory, namespace, lease, clock }),
    namespace,
    peer: null,
  };
}

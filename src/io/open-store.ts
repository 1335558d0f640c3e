import type { Clock, LeaseStore } from "../world.ts";
import type { Aside } from "./kubernetes-aside.ts";
import { openFileStore } from "./lease-file.ts";
import type { KubernetesPeer } from "./kubernetes-peer.ts";
import { openKubernetesStore } from "./lease-kubernetes.ts";

/** Which Lease is wanted, and where. */
export interface LeaseChoice {
  readonly store: { readonly kind: "kubernetes" } | { readonly kind: "file"; readonly directory: string };
  readonly leaseName: string;
  readonly leaseNamespace: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

export interface OpenedStore {
  readonly store: LeaseStore;
  /** The one that counts in the end. */
  readonly namespace: string;
  /** For requests beside the election; absent: there is no cluster. */
  readonly aside?: Aside;
  /** The connection, for other objects than the Lease; null: there is no API server. */
  readonly peer: KubernetesPeer | null;
}

/** Throws LocalTrouble when the configuration cannot be used. */
export async function openStore(
  choice: LeaseChoice,
  clock: Clock,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OpenedStore> {
  const { store, leaseName: lease, leaseNamespace, kubeconfig, context } = choice;
  if (store.kind === "kubernetes")
    return openKubernetesStore({ kubeconfig, context, env, namespace: leaseNamespace, lease, clock });
  const namespace = leaseNamespace ?? "default";
  return { store: await openFileStore({ directory: store.directory, namespace, lease, clock }), namespace, peer: null };
}

const unused = (): never => {
  throw new Error("leader election is off, so there is no store to ask");
};

/** For a run without election. */
export const noStore: LeaseStore = {
  description: "none",
  read: unused,
  write: unused,
  watch: unused,
  close: () => undefined,
};

/** Stores for who only reads: nothing is created, and all Leases of a namespace can be listed. */
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Answered, StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";
import { isObject, list, member, text } from "./json.ts";
import { parseBody, serverTimeOf, statusFailure, type Verb } from "./kubernetes-answer.ts";
import { connect } from "./kubernetes-connect.ts";
import { failure, networkFailure } from "./kubernetes-network-trouble.ts";
import { findAccess } from "./kubernetes-sources.ts";
import { openFileStoreToRead } from "./lease-file.ts";
import { codeOf } from "./lease-file-system.ts";
import { failureOf } from "./lease-file-trouble.ts";
import { openLease } from "./lease-kubernetes.ts";
import { parseLease } from "./lease-json.ts";
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

/** A Lease of a list; a failure stands for one that cannot be read. */
export interface Listed {
  readonly namespace: string;
  readonly name: string;
  readonly found: Answered | StoreFailure;
}

export type Listing =
  { readonly kind: "listed"; readonly namespace: string; readonly leases: readonly Listed[] } | StoreFailure;

/** All Leases of a namespace, or of all of them, by name. Throws LocalTrouble. */
export async function listLeases(
  choice: LeaseChoice & { readonly allNamespaces: boolean },
  clock: Clock,
  env: Env,
  deadline: Millis,
): Promise<Listing> {
  const { store } = choice;
  return store.kind === "kubernetes"
    ? listInCluster(choice, clock, env, deadline)
    : listFiles(resolve(store.directory), choice, clock, deadline);
}

/** The API server is not made to put together a larger answer than this. */
const pageSize = 500;

async function listInCluster(
  { leaseNamespace, kubeconfig, context, allNamespaces }: LeaseChoice & { readonly allNamespaces: boolean },
  clock: Clock,
  env: Env,
  deadline: Millis,
): Promise<Listing> {
  const access = await findAccess({ kubeconfig, context, env });
  const { client, place } = await connect(access, env, clock);
  const namespace = leaseNamespace ?? access.namespace ?? "default";
  const within = allNamespaces ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const path = `/apis/coordination.k8s.io/v1${within}/leases`;
  const leases: Listed[] = [];
  try {
    for (let next: string | undefined = ""; next !== undefined;) {
      const query = { limit: String(pageSize), ...(next === "" ? {} : { continue: next }) };
      const answer = await client.send({ method: "GET", path, query }, deadline);
      const body = parseBody(answer.body);
      if (answer.status === 403)
        return failure(
          "forbidden",
          `the API server ${place.server} does not let us list Leases in ${allNamespaces ? "all namespaces" : `the namespace "${namespace}"`} (HTTP 403); ask for one by its name, or add the verb list on leases to a ${allNamespaces ? "ClusterRole, and bind it with a ClusterRoleBinding" : "Role there"}`,
        );
      if (answer.status !== 200)
        return statusFailure(answer, { ...place, verb: "get", needs: ["get"], namespace, lease: "*" }, clock.wall());
      leases.push(...list(body, "items").flatMap((item) => listed(item, serverTimeOf(answer))));
      next = text(member(body, "metadata"), "continue") || undefined;
    }
  } catch (error) {
    return networkFailure(error, place);
  } finally {
    client.close();
  }
  return { kind: "listed", namespace, leases };
}

function listed(item: unknown, time: Pick<Answered, "serverTime">): Listed[] {
  const metadata = member(item, "metadata");
  const [name, namespace] = [text(metadata, "name"), text(metadata, "namespace")];
  if (!isObject(item) || name === undefined || namespace === undefined) return [];
  const lease = parseLease(item);
  const found =
    lease === null ? failure("damaged", `the Lease ${namespace}/${name} cannot be read`) : { lease, ...time };
  return [{ namespace, name, found }];
}

async function listFiles(
  directory: string,
  choice: LeaseChoice & { readonly allNamespaces: boolean },
  clock: Clock,
  deadline: Millis,
): Promise<Listing> {
  const asked = choice.leaseNamespace ?? "default";
  // Says what is wrong with the folder, if something is.
  (await openFileStoreToRead({ directory, namespace: asked, lease: "any", clock })).close();
  try {
    const namespaces = choice.allNamespaces ? await folders(directory) : [asked];
    const leases: Listed[] = [];
    for (const namespace of namespaces) {
      for (const name of await folders(`${directory}/${namespace}`)) {
        const store = await openFileStoreToRead({ directory, namespace, lease: name, clock });
        const found = await store.read(deadline);
        store.close();
        if (found.kind !== "missing") leases.push({ namespace, name, found });
      }
    }
    return { kind: "listed", namespace: asked, leases };
  } catch (error) {
    return failureOf(error, "read", directory);
  }
}

async function folders(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return names.filter((name) => /^[a-z0-9][a-z0-9.-]*$/i.test(name)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** All Leases of a namespace or of a whole store, for who only looks: nothing is created. */
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Answered, StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import { LocalTrouble, type Clock } from "../world.ts";
import { isObject, list, member, text } from "./json.ts";
import { parseBody, serverTimeOf, statusFailure } from "./kubernetes-answer.ts";
import { connect, type Connection } from "./kubernetes-connect.ts";
import { failure, networkFailure } from "./kubernetes-network-trouble.ts";
import { findAccess } from "./kubernetes-sources.ts";
import { openFileStoreToRead } from "./lease-file.ts";
import { codeOf } from "./lease-file-system.ts";
import { failureOf } from "./lease-file-trouble.ts";
import { parseLease } from "./lease-json.ts";
import type { LeaseChoice } from "./open-store.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** A Lease of a list; a failure stands for one that cannot be read. */
export interface Listed {
  readonly namespace: string;
  readonly name: string;
  readonly found: Answered | StoreFailure;
}

export type Listing =
  { readonly kind: "listed"; readonly namespace: string; readonly leases: readonly Listed[] } | StoreFailure;

/** Can be asked again and again. */
export interface LeaseList {
  /** By name. Never rejects. */
  read(deadline: Millis): Promise<Listing>;
  close(): void;
}

type ListChoice = LeaseChoice & { readonly allNamespaces: boolean };

/** All Leases of a namespace, or of all of them. Throws LocalTrouble. */
export async function openList(choice: ListChoice, clock: Clock, env: Env): Promise<LeaseList> {
  const { store } = choice;
  if (store.kind === "kubernetes") return openInCluster(choice, clock, env);
  const directory = resolve(store.directory);
  return { read: (deadline) => listFiles(directory, choice, clock, deadline), close: () => undefined };
}

/** The API server is not made to put together a larger answer than this. */
const pageSize = 500;

async function openInCluster(
  { leaseNamespace, kubeconfig, context, allNamespaces }: ListChoice,
  clock: Clock,
  env: Env,
): Promise<LeaseList> {
  const access = await findAccess({ kubeconfig, context, env });
  const connection = await connect(access, env, clock);
  const namespace = leaseNamespace ?? access.namespace ?? "default";
  return {
    read: (deadline) => listInCluster(connection, { namespace, allNamespaces, clock }, deadline),
    close: () => connection.client.close(),
  };
}

interface Wanted {
  readonly namespace: string;
  readonly allNamespaces: boolean;
  readonly clock: Clock;
}

async function listInCluster(
  { client, place }: Connection,
  { namespace, allNamespaces, clock }: Wanted,
  deadline: Millis,
): Promise<Listing> {
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

async function listFiles(directory: string, choice: ListChoice, clock: Clock, deadline: Millis): Promise<Listing> {
  const asked = choice.leaseNamespace ?? "default";
  try {
    // Says what is wrong with the folder, if something is.
    (await openFileStoreToRead({ directory, namespace: asked, lease: "any", clock })).close();
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
    if (error instanceof LocalTrouble) return failure("unexpected", error.message);
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

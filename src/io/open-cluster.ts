/** The API server that a run would use, for questions that are not about its Lease alone. */
import type { Clock } from "../world.ts";
import { LocalTrouble } from "../world.ts";
import { ClusterQuestions } from "./cluster-questions.ts";
import { connect } from "./kubernetes-connect.ts";
import { findAccess } from "./kubernetes-sources.ts";
import type { LeaseChoice } from "./open-store.ts";

export interface OpenedCluster {
  readonly questions: ClusterQuestions;
  /** The one that counts in the end, and why: the end of a clause. */
  readonly namespace: string;
  readonly namespaceFrom: string;
  readonly server: string;
  readonly source: string;
  readonly credentials: string;
  /** The namespace of the pod that we are in; null: in none, as far as can be told. */
  readonly podNamespace: string | null;
}

const inPod = "in-cluster service account";

/** Sends nothing yet. A string says what is wrong on this machine. */
export async function openCluster(
  { kubeconfig, context, leaseNamespace }: LeaseChoice,
  clock: Clock,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OpenedCluster | string> {
  try {
    const access = await findAccess({ kubeconfig, context, env });
    const connection = await connect(access, env, clock);
    const { server, source, credentials } = connection.place;
    return {
      questions: new ClusterQuestions(connection, clock),
      namespace: leaseNamespace ?? access.namespace ?? "default",
      namespaceFrom:
        leaseNamespace !== undefined
          ? "as asked for"
          : access.namespace === undefined
            ? "since nothing names another"
            : "which it names",
      server,
      source,
      credentials,
      podNamespace: source === inPod ? (access.namespace ?? null) : null,
    };
  } catch (error) {
    if (error instanceof LocalTrouble) return error.message;
    throw error;
  }
}

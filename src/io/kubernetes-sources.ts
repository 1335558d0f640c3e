/**
 * Where the configuration comes from: --kubeconfig and --context, then KUBECONFIG, then the service account of a pod,
 * then ~/.kube/config. A source that is named and cannot be used is an error, never a reason to try the next one.
 */
import { existsSync } from "node:fs";
import { isIPv6 } from "node:net";
import { delimiter, join } from "node:path";
import { LocalTrouble } from "../world.ts";
import { nobody, type ClusterAccess } from "./kubernetes-access.ts";
import { loadKubeconfig } from "./load-bundle.ts";
import { namespaceFile, serviceAccountFolder } from "./service-account.ts";

export interface SourceOptions {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a pod finds its token, ca.crt and namespace. */
  readonly serviceAccount?: string;
}

/** Throws LocalTrouble when the source that counts cannot be used, or when there is none. */
export async function findAccess(options: SourceOptions): Promise<ClusterAccess> {
  const { kubeconfig, context, env, serviceAccount = serviceAccountFolder } = options;
  if (kubeconfig !== undefined) return fromFiles([kubeconfig], context);
  const named = (env["KUBECONFIG"] ?? "").split(delimiter).filter(Boolean);
  if (named.length > 0) return fromFiles(named, context, true);
  const host = env["KUBERNETES_SERVICE_HOST"];
  const hasToken = existsSync(join(serviceAccount, "token"));
  if (context === undefined && host && hasToken) return inCluster(serviceAccount, host, env);
  const home = env["HOME"] ? join(env["HOME"], ".kube", "config") : undefined;
  if (home !== undefined && existsSync(home)) return fromFiles([home], context);
  throw new LocalTrouble(
    `no Kubernetes cluster is configured: there is no --kubeconfig, no KUBECONFIG, no ${home ?? "~/.kube/config (HOME is not set)"}, ` +
      `and this is no pod with a service account (${hasToken ? "KUBERNETES_SERVICE_HOST is not set" : `${serviceAccount}/token is missing`}); ` +
      "give one of them, or use --lease-store file:DIR to elect on one machine without a cluster",
  );
}

async function fromFiles(
  paths: readonly string[],
  context: string | undefined,
  fromVariable = false,
): Promise<ClusterAccess> {
  const { kubeconfigAccess } = await loadKubeconfig();
  const access = kubeconfigAccess(paths, context, fromVariable);
  if (typeof access === "string") throw new LocalTrouble(access);
  return access;
}

/** Kubernetes' documentation: "Accessing the API from within a Pod". */
function inCluster(folder: string, host: string, env: SourceOptions["env"]): ClusterAccess {
  const port = env["KUBERNETES_SERVICE_PORT"] || "443";
  const url = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  if (!URL.canParse(url))
    throw new LocalTrouble(
      `KUBERNETES_SERVICE_HOST "${host}" and KUBERNETES_SERVICE_PORT "${port}" make no URL; kubelet sets both, do not override them`,
    );
  return {
    server: new URL(url),
    source: "in-cluster service account",
    namespace: env["POD_NAMESPACE"] || namespaceFile(join(folder, "namespace")),
    authority: { file: join(folder, "ca.crt") },
    insecure: false,
    serverName: undefined,
    proxy: undefined,
    user: { ...nobody, tokenFile: join(folder, "token") },
  };
}

import { hostname } from "node:os";
import { namespaceFile } from "./service-account.ts";

export interface OwnPod {
  readonly namespace: string;
  readonly name: string;
}

/**
 * The pod that we run in: POD_NAME and POD_NAMESPACE as the downward API gives them, else the host name, which kubelet makes the
 * pod's name unless the pod says otherwise, and the service account's namespace. Null: nothing says that this is a pod.
 */
export function ownPod(env: Readonly<Record<string, string | undefined>>): OwnPod | null {
  const namespace = env["POD_NAMESPACE"] || namespaceFile();
  return namespace === undefined ? null : { namespace, name: env["POD_NAME"] || hostname() };
}

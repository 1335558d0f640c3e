import { test } from "node:test";
import { DEFAULT_VERSION } from "../lab/index.ts";
import { describeWithElector, type WithElector } from "../interop/with-elector.ts";

/** What makes a kube-apiserver coordinate elections. The gate without the API keeps it from ever getting ready. */
export const coordinationFlags = [
  "--feature-gates=CoordinatedLeaderElection=true",
  "--runtime-config=coordination.k8s.io/v1beta1=true",
];

/** v1beta1 came with Kubernetes 1.33. */
export const isServed = Number(/^v1\.(\d+)/.exec(DEFAULT_VERSION)?.[1]) >= 33;

/** `describeWithElector` with a server that coordinates elections; skipped for a Kubernetes that cannot. */
export async function describeCoordinated(title: string, body: (room: () => WithElector) => void): Promise<void> {
  if (isServed) await describeWithElector(title, body, { apiServerFlags: coordinationFlags });
  else test(title, { skip: `Kubernetes ${DEFAULT_VERSION} does not coordinate elections` });
}

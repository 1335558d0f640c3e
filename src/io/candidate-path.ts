/** Newest first (Kubernetes 1.33 and 1.31). */
export const candidateVersions = ["v1beta1", "v1alpha2"] as const;
export const candidateResource = "leasecandidates";
export const coordinationGroup = "/apis/coordination.k8s.io";

/** Of the LeaseCandidates of a namespace. */
export function candidatePath(api: string, namespace: string): string {
  return `${coordinationGroup}/${api}/namespaces/${encodeURIComponent(namespace)}/${candidateResource}`;
}

/** Reading a kubeconfig, bundled apart: a pod never needs it, and its YAML parser costs start-up time. */
import { readKubeconfig } from "../io/kubeconfig.ts";
import type { ClusterAccess } from "../io/kubernetes-access.ts";
import { LocalTrouble } from "../world.ts";

/** What the files say, or the sentence of a LocalTrouble: each bundle has a class of that name of its own. */
export function kubeconfigAccess(paths: readonly string[], context: string | undefined): ClusterAccess | string {
  try {
    return readKubeconfig(paths, context);
  } catch (error) {
    if (error instanceof LocalTrouble) return error.message;
    throw error;
  }
}

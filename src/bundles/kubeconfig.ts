/** Reading a kubeconfig, bundled apart: a pod never needs it, and its YAML parser costs start-up time. */
import { readKubeconfig } from "../io/kubeconfig.ts";
import { existing } from "../io/kubeconfig-document.ts";
import type { ClusterAccess } from "../io/kubernetes-access.ts";
import { LocalTrouble } from "../world.ts";

/**
 * What the files say, or the sentence of a LocalTrouble: each bundle has a class of that name of its own.
 * @param fromVariable KUBECONFIG names them, which may name some that do not exist (yet)
 */
export function kubeconfigAccess(
  paths: readonly string[],
  context: string | undefined,
  fromVariable: boolean,
): ClusterAccess | string {
  try {
    return readKubeconfig(fromVariable ? existing(paths) : paths, context);
  } catch (error) {
    if (error instanceof LocalTrouble) return error.message;
    throw error;
  }
}

import { accessSync, constants } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { go, sweep } from "../lab/build.ts";
import { builtFolder } from "../lab/cache.ts";
import { buildArguments, deriveModule, parseVersion } from "../lab/recipe.ts";

/** The Kubernetes of the cluster: the newest whose kubelet takes Debian's containerd 1.6. */
export const CLUSTER_VERSION = process.env["LEADER_EXEC_CLUSTER_VERSION"] || "v1.34.4";

const goSource = join(import.meta.dirname, "go", "main.go");

/** What a cluster needs of Kubernetes; one binary with a link for each. */
export const programs = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kubectl",
] as const;

/** The folder of the built programs, whether it exists or not; a cache beside the lab's. */
export function clusterFolder(version = CLUSTER_VERSION): string {
  return builtFolder(`cluster-${version}`, [goSource, join(import.meta.dirname, "..", "lab", "recipe.ts")]);
}

/**
 * Builds the programs into the cache and returns their folder; does nothing when they are there. The folder appears by
 * one rename when all of it is complete. Throws a sentence when Go is missing, too old, or fails.
 */
export async function buildCluster(say: (line: string) => void, version = CLUSTER_VERSION): Promise<string> {
  const folder = clusterFolder(version);
  if (isBuilt(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  await sweep(dirname(folder));
  const scratch = await mkdtemp(`${folder}.building-${process.pid}-`);
  try {
    const parsed = parseVersion(version);
    const listed = await go(["list", "-m", "-json", `k8s.io/kubernetes@${version}`], scratch);
    const { GoMod } = JSON.parse(listed) as { GoMod: string };
    const module = deriveModule(parsed, await readFile(GoMod, "utf8"));
    await writeFile(join(scratch, "go.mod"), module.goMod);
    await copyFile(goSource, join(scratch, "main.go"));
    say(`building Kubernetes ${version}: 5 to 10 minutes, seconds when Go has it cached`);
    const toolchain = await go(["env", "GOVERSION"], scratch);
    await go(buildArguments(parsed, module, toolchain), scratch);
    const built = join(scratch, "built");
    for (const program of programs) await symlink("lab", join(built, program));
    await rename(built, folder).catch((error: unknown) => {
      if (!isBuilt(folder)) throw error; // otherwise another build was faster
    });
    return folder;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function isBuilt(folder: string): boolean {
  try {
    for (const program of programs) accessSync(join(folder, program), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheFolder, flawOf, goSource, programs } from "./cache.ts";
import { buildArguments, deriveModule, parseVersion, type DerivedModule, type KubernetesVersion } from "./recipe.ts";

/**
 * Builds kube-apiserver and etcd of one version into the cache and returns their folder; does nothing when they are
 * there. Takes minutes and 2 GB of memory. Throws a sentence when Go is missing, too old, or fails.
 *
 * The folder appears by one rename when all of it is complete: a build that is interrupted leaves nothing that looks
 * built, and of two builds at once the second finds the work done.
 */
export async function buildLab(versionText: string, say: (line: string) => void): Promise<string> {
  const version = parseVersion(versionText);
  const folder = cacheFolder(version.text);
  if (flawOf(folder) === undefined) return folder;

  await mkdir(dirname(folder), { recursive: true });
  await sweep(dirname(folder));
  const scratch = await mkdtemp(`${folder}.building-${process.pid}-`);
  try {
    const module = await derive(version, scratch);
    await writeFile(join(scratch, "go.mod"), module.goMod);
    await copyFile(goSource, join(scratch, "main.go"));
    say(`building kube-apiserver and etcd ${version.text}: 5 to 10 minutes, seconds when Go has it cached`);
    const toolchain = await go(["env", "GOVERSION"], scratch);
    await go(buildArguments(version, module, toolchain), scratch);
    const built = join(scratch, "built");
    for (const program of programs) await symlink("lab", join(built, program));
    await rename(built, folder).catch((error: unknown) => {
      if (flawOf(folder) !== undefined) throw error; // otherwise another build was faster
    });
    return folder;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Removes what builds left behind whose process was killed. */
export async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /\.building-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // there, but not ours
  }
}

async function derive(version: KubernetesVersion, scratch: string): Promise<DerivedModule> {
  const listed = await go(["list", "-m", "-json", `k8s.io/kubernetes@${version.text}`], scratch);
  const { GoMod } = JSON.parse(listed) as { GoMod: string };
  return deriveModule(version, await readFile(GoMod, "utf8"));
}

/** Runs go and returns its output. Throws the end of what it said when it fails. */
export async function go(args: readonly string[], cwd: string): Promise<string> {
  const child = spawn("go", args, {
    cwd,
    env: { ...process.env, CGO_ENABLED: "0", GO111MODULE: "on", GOWORK: "off" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [code] = (await once(child, "close").catch((error: unknown) => {
    throw new Error("cannot run go; install Go 1.26 or newer (https://go.dev/dl)", {
      cause: error,
    });
  })) as [number | null];
  if (code !== 0) {
    const tail = err.trimEnd().split("\n").slice(-8).join("\n");
    throw new Error(`go ${args[0] ?? ""} failed:\n${tail}`);
  }
  return out;
}

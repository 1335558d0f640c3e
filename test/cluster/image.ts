import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { findProbe } from "../faults/probe.ts";
import { baseStore, storage } from "../image/base.ts";
import { Engine } from "../image/engine.ts";

const run = promisify(execFile);
const repository = join(import.meta.dirname, "..", "..");

/** The image that the cases run: this repository's, with the probe in it and tini as entry point, as deploy/ wants it. */
export const workerImage = "docker.io/library/leader-exec-worker:1";
/** What holds the namespaces of a pod; the official one cannot be had without a registry of images. */
export const pauseImage = "docker.io/library/leader-exec-pause:1";

const dockerfiles = {
  [workerImage]: `FROM leader-exec
COPY probe /usr/local/bin/probe
ENTRYPOINT ["/opt/leader-exec/bin/tini", "-s", "--"]
CMD ["leader-exec", "--help"]
`,
  [pauseImage]: `FROM scratch
COPY pause /pause
ENTRYPOINT ["/pause"]
`,
};

/** When none of these has changed, neither have the images. */
const sources = [
  ...["Dockerfile", "package.json", "package-lock.json", "bin", "src", "scripts"],
  ...["test/faults/probe.c", "test/cluster/pause.c", "test/cluster/image.ts"],
];

/**
 * Builds both images, the first with the real Dockerfile, and returns a folder of archives for `ctr images import`. It is
 * kept in the user's cache until a source changes: half a minute, or two when the base of all images is missing, too.
 */
export async function imageArchives(say: (line: string) => void): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "leader-exec-cluster");
  const folder = join(cache, `images-${digest(sources.map((name) => join(repository, name)))}`);
  if (existsSync(folder)) return folder;

  say("building the image of this repository, and one with the probe in it: about half a minute");
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(`${folder}.building-`);
  const engine = await Engine.open(say);
  try {
    await build(engine, scratch, say);
    await rename(scratch, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // otherwise another build was faster
    });
    await forgetOld(cache);
    return folder;
  } finally {
    await engine.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function build(engine: Engine, target: string, say: (line: string) => void): Promise<void> {
  await engine.build("leader-exec", repository, join(repository, "Dockerfile"));
  const context = engine.at("cluster");
  await mkdir(context);
  const probe = await findProbe();
  if (probe.kind === "missing") throw new Error(probe.reason);
  await copyFile(probe.path, join(context, "probe"));
  await run("gcc", ["-O2", "-Wall", "-Werror", "-static", "-o", join(context, "pause"), pauseSource]);
  const stores = ["--root", engine.at("store"), "--runroot", engine.at("run")];
  const base = ["--storage-opt", `overlay.imagestore=${await baseStore(say)}`];
  for (const [name, text] of Object.entries(dockerfiles)) {
    const dockerfile = join(context, "Dockerfile");
    await writeFile(dockerfile, text);
    await engine.build(name, context, dockerfile);
    const archive = `docker-archive:${join(target, `${basename(name).split(":")[0] ?? ""}.tar`)}:${name}`;
    await engine.workshop.run("buildah", [...stores, ...base, "push", "--quiet", name, archive], storage);
  }
}

/** Keeps the newest three: each is a quarter of a gigabyte. What a build that was killed has left goes with the others. */
async function forgetOld(cache: string): Promise<void> {
  const byAge = readdirSync(cache)
    .filter((name) => name.startsWith("images-"))
    .map((name) => join(cache, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const folder of byAge.slice(3)) await rm(folder, { recursive: true, force: true });
}

const pauseSource = join(import.meta.dirname, "pause.c");

function digest(paths: readonly string[]): string {
  const hash = createHash("sha256");
  const take = (path: string): void => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) take(join(path, name));
    } else hash.update(path).update(readFileSync(path));
  };
  paths.forEach(take);
  return hash.digest("hex").slice(0, 12);
}

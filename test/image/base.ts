import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Workshop } from "./workshop.ts";

/** What the Dockerfile builds on. */
export const baseImage = "docker.io/library/node:24-bookworm-slim";
const suite = "bookworm";
const node = "24";
const npm = "11";

/** How buildah keeps images: layers are mounted over each other, so that a base of 270 MB is never copied. */
export const storage = { STORAGE_DRIVER: "overlay", BUILDAH_ISOLATION: "chroot" };

/**
 * Returns a store of images that holds a stand-in for the official image, made here without any registry of images: minimal Debian,
 * Node and npm from their npm packages, the user `node`, and, as in the official one, neither tini nor CA certificates. Kept
 * below XDG_CACHE_HOME or ~/.cache; half a minute when it is not there. LEADER_EXEC_IMAGE_MIRROR: another mirror of Debian.
 */
export async function baseStore(say: (line: string) => void): Promise<string> {
  const recipe = createHash("sha256")
    .update(readFileSync(import.meta.filename))
    .digest("hex")
    .slice(0, 8);
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "leader-exec-image");
  const store = join(cache, `${node}-${suite}-${process.arch}-${recipe}`);
  if (existsSync(store)) return store;

  say(`making ${baseImage} of Debian and npm packages: about a minute, once`);
  await mkdir(cache, { recursive: true });
  const workshop = new Workshop(await mkdtemp(join(cache, "making-")));
  try {
    await make(workshop);
    // It appears at once and whole; of two that make it at the same time the second finds the work done.
    await rename(join(workshop.folder, "store"), store).catch((error: unknown) => {
      if (!existsSync(store)) throw error;
    });
    return store;
  } finally {
    await workshop.close();
  }
}

async function make(workshop: Workshop): Promise<void> {
  const at = (...path: string[]): string => join(workshop.folder, ...path);
  const root = at("root");
  const mirror = process.env["LEADER_EXEC_IMAGE_MIRROR"];
  await workshop.run("debootstrap", ["--variant=minbase", suite, root, ...(mirror ? [mirror] : [])]);
  const npmInstall = ["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund"];
  const program = `node-linux-${process.arch}`;
  await workshop.run("npm", [...npmInstall, "--prefix", at("npm"), `${program}@${node}`]);
  const nodePackage = at("npm", "node_modules", program);
  await workshop.run("cp", [join(nodePackage, "bin/node"), join(root, "usr/local/bin/node")]);
  await workshop.run("cp", [join(nodePackage, "LICENSE"), join(root, "usr/local/LICENSE")]);
  await workshop.run("npm", [...npmInstall, "--global", "--prefix", join(root, "usr/local"), `npm@${npm}`]);
  await workshop.run("chroot", [root, "useradd", "--uid", "1000", "--user-group", "--create-home", "node"]);
  await rm(join(root, "var/cache/apt/archives"), { recursive: true });
  await rm(join(root, "var/lib/apt/lists"), { recursive: true });
  await mkdir(join(root, "var/cache/apt/archives/partial"), { recursive: true });
  await mkdir(join(root, "var/lib/apt/lists/partial"), { recursive: true });
  await writeFile(join(root, "etc/resolv.conf"), ""); // that of this machine must not get into an image

  const buildah = (...args: string[]): Promise<string> =>
    workshop.run("buildah", ["--root", at("store"), "--runroot", at("run"), ...args], storage);
  const container = (await buildah("from", "scratch")).trim();
  await buildah("add", "--quiet", container, root, "/");
  const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  await buildah("config", "--env", path, "--entrypoint", '["docker-entrypoint.sh"]', "--cmd", "node", container);
  await buildah("commit", "--quiet", "--rm", container, baseImage);
}

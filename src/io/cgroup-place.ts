/** Finds our own cgroup in the cgroup v2 hierarchy, by what proc(5) and cgroups(7) say of the two files that are read here. */
import { join } from "node:path";
import { NoCgroup, pathIn, textOf } from "./cgroup-facts.ts";

/** The folder of our own cgroup. Throws NoCgroup when none shows itself. */
export function ownCgroup(): string {
  const folder = folderOf(textOf("/proc/self/cgroup"), textOf("/proc/self/mountinfo"));
  // Of several hierarchies, namespaces and mounts, this is certain: it lists us.
  const pids = textOf(join(folder, "cgroup.procs"));
  if (pids.split("\n").includes(String(process.pid))) return folder;
  throw new NoCgroup(`${folder} is not the cgroup of this process, although it looks so from here`);
}

/** From the texts of /proc/self/cgroup and /proc/self/mountinfo, hybrid hierarchies and cgroup namespaces included. */
export function folderOf(cgroups: string, mountinfo: string): string {
  const path = pathIn(cgroups);
  if (path === undefined) throw new NoCgroup("this process is in no cgroup v2");
  const mounts = mountinfo.split("\n").flatMap((line) => mountIn(line) ?? []);
  const found = mounts.flatMap(({ root, point, writable }) => {
    const inside = below(root, path);
    return inside === null ? [] : [{ folder: join(point, inside), writable }];
  });
  const best = found.find(({ writable }) => writable) ?? found[0];
  if (best !== undefined) return best.folder;
  throw new NoCgroup(`no mounted cgroup v2 shows the cgroup of this process, ${path}`);
}

interface Mount {
  /** Which cgroup is mounted, seen from our namespace. */
  readonly root: string;
  readonly point: string;
  readonly writable: boolean;
}

function mountIn(line: string): Mount | null {
  const [mount = "", source = ""] = line.split(" - ");
  const [, , , root, point, options] = mount.split(" ");
  if (!source.startsWith("cgroup2 ") || root === undefined || point === undefined) return null;
  return { root: unescaped(root), point: unescaped(point), writable: !(options ?? "").split(",").includes("ro") };
}

/** What is left of `path` below `root`; null when it is not there, or outside of our cgroup namespace ("/.."). */
function below(root: string, path: string): string | null {
  if (path.startsWith("/..") || root.startsWith("/..")) return null;
  if (root === "/") return path;
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : null;
}

/** Spaces and the like stand there as \040. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

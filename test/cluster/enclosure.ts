import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../lab/until.ts";

// Namespaces for the processes, the mounts and the network of a whole cluster. With their first process the kernel ends
// everything in them, containers too, and undoes all mounts. What the node's programs write to fixed places (/var/lib/kubelet,
// /var/log/containers, /var/lib/cni, /run/containerd) ends up in the folder, or nowhere. The shell reaps orphans.
const inside = `
set -e
mount -t overlay overlay -o "lowerdir=/var,upperdir=$1/var,workdir=$1/work" /var
mount -t tmpfs tmpfs /run
mount --make-rshared /
: >"$1/ready"
while :; do sleep 1000 & wait "$!"; done
`;

// The end of the pipe means that the test is over or dead. A container that is paused has to be woken before it can die. Its control
// group has the name that containerd gives to it, whatever its kubelet is told.
const keep = `
trap '' HUP INT QUIT TERM
cd /
read -r first
while read -r line; do :; done
groups() { for task in "$1"/node*/containerd-state/io.containerd.runtime.v2.task/k8s.io/*; do
  for group in /sys/fs/cgroup/*/k8s.io/"\${task##*/}" /sys/fs/cgroup/k8s.io/"\${task##*/}"; do
    [ -d "$group" ] && echo "$group"
  done
done; }
all=$(groups "$1")
for group in $all; do [ ! -e "$group/freezer.state" ] || echo THAWED >"$group/freezer.state"; done
kill -9 "$first"
while kill -0 "$first"; do sleep 0.05; done
for group in $all; do
  tries=0
  until rmdir "$group" || [ ! -d "$group" ] || [ "$tries" -gt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
done
rmdir /sys/fs/cgroup/*/k8s.io /sys/fs/cgroup/k8s.io # where nothing is in them any more
[ -n "$2" ] || rm -rf --one-file-system -- "$1"
`;

/** Where a cluster lives, apart from the machine. LEADER_EXEC_CLUSTER_KEEP=1 keeps its folder. */
export class Enclosure {
  readonly folder: string;
  /** The first process of its process namespace, as this machine numbers it. */
  readonly first: number;
  readonly #keeper: ChildProcess;
  /** Whatever ends in here from now on is meant to. */
  isClosing = false;

  private constructor(folder: string, first: number, keeper: ChildProcess) {
    this.folder = folder;
    this.first = first;
    this.#keeper = keeper;
  }

  static async open(): Promise<Enclosure> {
    const folder = await mkdtemp(join(tmpdir(), "leader-exec-cluster-"));
    for (const name of ["var", "work"]) await mkdir(join(folder, name));
    const namespaces = "--net --pid --fork --mount --mount-proc --kill-child".split(" ");
    const outer = spawn("unshare", [...namespaces, "sh", "-c", inside, "cluster", folder], {
      detached: true, // Ctrl-C reaches the test alone
      stdio: ["ignore", "ignore", "inherit"],
    });
    await once(outer, "spawn");
    const stays = process.env["LEADER_EXEC_CLUSTER_KEEP"] ?? "";
    const keeper = spawn("sh", ["-c", keep, "keeper", folder, stays], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    keeper.stdin.write(`${String(outer.pid)}\n`); // with it goes its child, the first process
    for (const child of [outer, keeper]) child.unref();
    try {
      await until("the namespaces of the cluster are there", () => {
        if (outer.exitCode !== null) throw new Error(`unshare ended with ${outer.exitCode}`);
        return existsSync(join(folder, "ready"));
      });
    } catch (error) {
      keeper.stdin.end();
      throw error;
    }
    return new Enclosure(folder, childOf(outer.pid ?? 0), keeper);
  }

  at(...path: readonly string[]): string {
    return join(this.folder, ...path);
  }

  /** What to start a program with, so that it runs in here. */
  get through(): readonly string[] {
    return ["nsenter", `--target=${this.first}`, "--net", "--pid", "--mount", "--"];
  }

  /** Ends everything in here and removes what it left; resolves when that is done. */
  async close(): Promise<void> {
    this.isClosing = true;
    if (this.#keeper.exitCode !== null) return;
    this.#keeper.ref();
    const ended = once(this.#keeper, "exit");
    this.#keeper.stdin?.end();
    await ended;
  }
}

/** The only child of a process. */
export function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
}

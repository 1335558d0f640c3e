import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEntry, Lab, LabUser } from "../test/lab/index.ts";
import { buildElector } from "../test/interop/build-elector.ts";
import { handWritten, product, Program } from "./program.ts";
import { compileStamp } from "./stamps.ts";

export const shortTimes = { lease: "5s", renew: "2s", retry: "500ms", kill: "1s" };
const usualTimes = { lease: "15s", renew: "10s", retry: "2s", kill: "3s" };

/** For unshare, which only root may do. */
const ownPids = ["--pid", "--fork", "--kill-child", "--mount-proc"];

/** Whether `asInPod` can be had here. */
export const hasOwnPids = (): boolean => spawnSync("unshare", [...ownPids, "true"]).status === 0;

interface LeaderExecMore {
  readonly times?: typeof shortTimes;
  /** Of Leases as files, instead of the API server. */
  readonly folder?: string;
  /** The Node binary that runs it. */
  readonly node?: string;
  /** More flags. */
  readonly args?: readonly string[];
  /** In a pid namespace of its own, with its own /proc, as a container is. */
  readonly asInPod?: boolean;
}

/** Another API server, another Node binary. */
interface Elsewhere {
  readonly server?: string;
  readonly node?: string;
}

/** What all benchmarks share: a real API server, one namespace, one user, and the programs that are compared. */
export class Room {
  readonly lab: Lab;
  readonly folder: string;
  readonly namespace: string;
  readonly user: LabUser;
  readonly kubeconfig: string;
  /** The path of the measured command. */
  readonly stamp: string;
  readonly rounds: (usual: number) => number;
  readonly progress: (line: string) => void;
  #files = 0;

  private constructor(lab: Lab, user: LabUser, kubeconfig: string, share: number, progress: (line: string) => void) {
    this.lab = lab;
    this.folder = mkdtempSync(join(lab.folder, "bench-"));
    this.namespace = user.namespace;
    this.user = user;
    this.kubeconfig = kubeconfig;
    this.stamp = compileStamp(this.folder);
    this.rounds = (usual) => Math.max(1, Math.round(usual * share));
    this.progress = progress;
  }

  /** `share`: of the usual number of rounds. */
  static async open(lab: Lab, share: number, progress: (line: string) => void): Promise<Room> {
    const leases = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
    const namespace = await lab.createNamespace();
    const user = await lab.user(namespace, "", [{ ...leases, verbs: ["get", "update", "watch", "create"] }]);
    return new Room(lab, user, await user.kubeconfig(), share, progress);
  }

  newFile(): string {
    return join(this.folder, `file-${String(this.#files++)}`);
  }

  /** A candidate with the measured command, on the API server, or in a folder of Leases. */
  leaderExec(lease: string, stamps: string, more: LeaderExecMore = {}): Program {
    const { times = usualTimes, folder, node, args: flags = [], asInPod = false } = more;
    const store = folder === undefined ? ["--kubeconfig", this.kubeconfig] : ["--lease-store", `file:${folder}`];
    const args = [
      product,
      "--enable-leader-election",
      ...["--lease-duration", times.lease, "--renew-deadline", times.renew],
      ...["--retry-period", times.retry, "--kill-after", times.kill],
      ...["--lease-name", lease, ...store, ...flags, "--", this.stamp, stamps],
    ];
    return asInPod ? new Program("unshare", [...ownPids, process.execPath, ...args]) : Program.node(args, {}, node);
  }

  /** client-go's own elector, which works inside its process. */
  async clientGo(lease: string, stamps: string, times = usualTimes): Promise<Program> {
    return new Program(await buildElector(), [
      ...[`--kubeconfig=${this.kubeconfig}`, `--namespace=${this.namespace}`, `--lease-name=${lease}`],
      ...[`--identity=go-${String(this.#files++)}`, `--journal=${stamps}`, "--release-on-cancel=true"],
      ...[`--lease-duration=${times.lease}`, `--renew-deadline=${times.renew}`, `--retry-period=${times.retry}`],
    ]);
  }

  /** programs/hand-written.cjs. `command`: what it spawns, or what it is to do. */
  handWritten(mode: "first" | "idle" | "relay", lease: string, command: unknown, more: Elsewhere = {}): Program {
    const { token } = this.user;
    const { server = this.lab.url, node } = more;
    const config = { server, caFile: this.lab.caFile, token, namespace: this.namespace, lease, command };
    return Program.node([handWritten, mode], { CONFIG: JSON.stringify(config) }, node);
  }

  /** What was asked for this Lease since a time of day, by its name or by a watch's selector. */
  requests(lease: string, since: number): Promise<AuditEntry[]> {
    const isIts = new RegExp(`(/|=|%3D)${lease}(\\?|&|$)`);
    return this.lab.auditLog.entries(
      ({ at, resource, uri }) => at >= since && resource === "leases" && isIts.test(uri),
    );
  }

  /**
   * What the open watches of the standbys will ask for: each ends after the seconds that it asked for, longer than anybody looks
   * on here, and costs a GET and a new watch then.
   */
  async watchesAMinute(lease: string): Promise<number> {
    const all = await this.requests(lease, 0);
    const open = all.filter(({ verb, doneAt }) => verb === "watch" && doneAt === undefined);
    const lives = open.map(({ uri }) => Number(/timeoutSeconds=(\d+)/.exec(uri)?.[1]));
    return lives.slice(1).reduce((sum, seconds) => sum + 2 * (60 / seconds), 0); // the first is the holder's
  }

  /** The lab's etcd, for clients of its own. */
  get etcdUrl(): string {
    const flags = readFileSync(`/proc/${String(this.lab.etcd.pid)}/cmdline`, "utf8").split("\0");
    const url = flags.find((flag) => flag.includes("listen-client-urls="))?.split("=")[1];
    if (url === undefined) throw new Error("the lab's etcd was started without --listen-client-urls");
    return url;
  }
}

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { leasePath, type KubeObject } from "../lab/api.ts";
import { until } from "../lab/until.ts";
import { isReady, type Cluster } from "./cluster.ts";
import { inmatesOf, type Inmates } from "./inmates.ts";
import type { ClusterNode } from "./node.ts";
import { Witness, type Life } from "./witness.ts";
import { deployment, manifests, type Manifest, type Workload } from "./workload.ts";

/** A pod as far as cases look into it. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly leaving: boolean;
  readonly restarts: number;
  readonly containerId: string;
}

/** A namespace with the rights of deploy/rbac.yaml, its pods, and what their commands tell. One for each case. */
export class Stage {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly witness: Witness;
  /** Milliseconds between two commands that ran one after the other, for the table. */
  readonly gaps: number[] = [];
  readonly notes: string[] = [];
  runs = 0;
  /** Of one run, for people. */
  log: readonly string[] = [];
  #files = 0;

  private constructor(cluster: Cluster, namespace: string) {
    this.cluster = cluster;
    this.namespace = namespace;
    const folder = cluster.enclosure.at("oracle", namespace);
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
    this.witness = new Witness(folder);
  }

  static async open(cluster: Cluster, namespace: string): Promise<Stage> {
    const stage = new Stage(cluster, namespace);
    await cluster.kubectl("create", "namespace", namespace);
    await stage.apply(...manifests("rbac.yaml", namespace));
    return stage;
  }

  /** kubectl in the namespace of the case. */
  kubectl(...args: readonly string[]): Promise<string> {
    return this.cluster.kubectl("--namespace", this.namespace, ...args);
  }

  async apply(...objects: readonly (Manifest | KubeObject)[]): Promise<void> {
    const file = this.cluster.enclosure.at(`${this.namespace}-${String(this.#files++)}.json`);
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    await this.kubectl("apply", "-f", file);
  }

  /** Applies deploy/deployment.yaml, adapted, and waits until all replicas are there and one of them leads. */
  async deploy(workload: Workload = {}): Promise<Life> {
    const { folder } = this.witness;
    await this.apply(deployment(this.namespace, folder, workload));
    return this.settles(workload.replicas ?? 2);
  }

  async pods(): Promise<Pod[]> {
    const { object } = await this.cluster.admin("GET", `/api/v1/namespaces/${this.namespace}/pods`);
    return (object.items ?? []).map(podOf);
  }

  /** Waits until so many pods are Ready, none is on its way out, and the command of one of them runs, as the Lease says. */
  async settles(replicas: number, within = 120_000): Promise<Life> {
    return until(
      `${replicas} pods of ${this.namespace} are Ready and one of them leads`,
      async () => {
        const pods = await this.pods().catch(() => []);
        if (pods.length !== replicas || !pods.every(({ ready, leaving }) => ready && !leaving)) return undefined;
        const life = this.witness.only();
        return life !== undefined && (await this.holder()) === life.identity ? life : undefined;
      },
      within,
      50,
    );
  }

  async holder(): Promise<string> {
    const answer = await this.cluster.admin("GET", leasePath(this.namespace, "worker")).catch(() => undefined);
    return answer?.object.spec?.holderIdentity ?? "";
  }

  async podOf({ pod }: Life): Promise<Pod> {
    const found = (await this.pods()).find(({ uid }) => uid === pod);
    if (!found) throw new Error(`the pod ${pod} is not there any more`);
    return found;
  }

  nodeOf({ node }: Pod): ClusterNode {
    const found = this.cluster.nodes.find(({ name }) => name === node);
    if (!found) throw new Error(`there is no node ${node}`);
    return found;
  }

  /** Waits until the container of a pod was started again: a moment longer than Kubernetes still calls it Ready. */
  async isRestarted({ uid, restarts }: Pod): Promise<void> {
    const look = async (): Promise<boolean> =>
      (await this.pods()).some((pod) => pod.uid === uid && pod.restarts > restarts);
    await until("the container is started again", look, 90_000, 50);
  }

  /** The processes in the container of this command. */
  async inmates(life: Life): Promise<Inmates> {
    const { containerId } = await this.podOf(life);
    return until("the processes of the leader are found", () => inmatesOf(containerId));
  }

  /** Waits for the next command, and keeps the gap between it and the one before for the table. */
  async handsOver(before: Life, within = 120_000): Promise<Life> {
    const next = await this.witness.next(before, within);
    this.gaps.push(next.first - before.last);
    return next;
  }

  /** Keeps the gaps between this command and all that came after it. Returns how many that are. */
  handOversSince(first: Life): number {
    const lives = this.witness.roots().filter((life) => life.first >= first.first);
    lives.slice(1).forEach((life, index) => this.gaps.push(life.first - (lives[index]?.last ?? Infinity)));
    return lives.length - 1;
  }

  /** Empties a node, as before it is taken away, of the pods of this case, and lets others onto it again afterwards. */
  async drain({ name }: ClusterNode, meanwhile: () => Promise<void>): Promise<void> {
    const selector = `case=${this.namespace}`;
    try {
      await this.cluster.kubectl("drain", name, "--ignore-daemonsets", "--pod-selector", selector, "--timeout=120s");
      await meanwhile();
    } finally {
      await this.cluster.kubectl("uncordon", name);
    }
  }

  /** Says what there is to know after a failure. */
  async tellAll(say: (line: string) => void): Promise<void> {
    for (const args of [
      ["get", "pods,leases", "-o", "wide"],
      ["get", "events"],
      ["logs", "-l", `case=${this.namespace}`],
    ]) {
      say(await this.kubectl(...args).catch(String));
    }
  }

  /** Ends the pods; what their commands told stays. */
  async close(): Promise<void> {
    await this.kubectl("delete", "deployments,statefulsets,jobs", "--all", "--cascade=foreground", "--timeout=60s");
    await this.cluster.kubectl("delete", "namespace", this.namespace, "--wait=false");
  }
}

function podOf({ metadata, spec, status, ...more }: KubeObject): Pod {
  const { phase = "", containerStatuses = [] } = (status ?? {}) as {
    phase?: string;
    containerStatuses?: { restartCount: number; containerID?: string }[];
  };
  const [container] = containerStatuses;
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    node: (spec?.["nodeName"] as string | undefined) ?? "",
    phase,
    ready: isReady({ ...more, status }),
    leaving: metadata !== undefined && "deletionTimestamp" in metadata,
    restarts: container?.restartCount ?? 0,
    containerId: (container?.containerID ?? "").replace("containerd://", ""),
  };
}

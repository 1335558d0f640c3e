import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { call, type Answer, type KubeObject } from "../lab/api.ts";
import { until } from "../lab/until.ts";
import { buildCluster, CLUSTER_VERSION } from "./build.ts";
import { controlPlanePlans, type ControlPlane } from "./control-plane.ts";
import { layOutCredentials, type Admin } from "./credentials.ts";
import { Daemon } from "./daemon.ts";
import { Door } from "./door.ts";
import { Enclosure } from "./enclosure.ts";
import { imageArchives } from "./image.ts";
import { Network } from "./network.ts";
import { ClusterNode } from "./node.ts";

const run = promisify(execFile);

/** A running Kubernetes with two nodes, on this machine and apart from it. */
export interface Cluster extends ControlPlane {
  readonly enclosure: Enclosure;
  readonly network: Network;
  readonly nodes: readonly ClusterNode[];
  readonly kubeconfig: string;
  /** The folder of kubectl and the other programs. */
  readonly programs: string;
  /** One request with all rights, whatever its answer's status. */
  readonly admin: (method: string, path: string, body?: unknown) => Promise<Answer>;
  /** Runs kubectl with all rights and returns what it prints; throws with what it says when it fails. */
  readonly kubectl: (...args: readonly string[]) => Promise<string>;
  /** Ends all of it and removes what it left on this machine. */
  readonly stop: () => Promise<void>;
}

/**
 * Builds what is missing, starts the cluster, and resolves when both nodes are Ready: after a quarter of a minute when all is built.
 * Nothing of it outlives this process, however that ends. Takes root, and the packages that requirements.ts names.
 */
export async function startCluster(say: (line: string) => void): Promise<Cluster> {
  const [programs, images] = [await buildCluster(say), await imageArchives(say)];
  say(`starting Kubernetes ${CLUSTER_VERSION} with two nodes`);
  const enclosure = await Enclosure.open();
  let door: Door | undefined;
  const stop = async (): Promise<void> => {
    door?.close();
    await enclosure.close();
  };
  try {
    door = await Door.open(enclosure);
    const network = new Network(enclosure);
    await network.setUp([1, 2]);
    await door.start();
    const nodes = [1, 2].map((number) => new ClusterNode(enclosure, programs, number));
    const credentials = await layOutCredentials(
      enclosure,
      nodes.map(({ name }) => name),
      door.url,
    );
    const admin = asAdmin(door.url, credentials);
    const plans = controlPlanePlans(enclosure, programs, async () => (await admin("GET", "/readyz")).status === 200);
    const plane: ControlPlane = {
      etcd: new Daemon(enclosure, plans.etcd),
      apiServer: new Daemon(enclosure, plans.apiServer),
      controllerManager: new Daemon(enclosure, plans.controllerManager),
      scheduler: new Daemon(enclosure, plans.scheduler),
    };
    await plane.etcd.start();
    await plane.apiServer.start();
    await Promise.all([
      plane.controllerManager.start(),
      plane.scheduler.start(),
      ...nodes.map((node) => node.start(images)),
    ]);
    await until("both nodes are Ready", () => areReady(admin, nodes.length), 120_000, 200);
    const kubeconfig = enclosure.at("admin.kubeconfig");
    const kubectl = async (...args: readonly string[]): Promise<string> => {
      const all = ["--kubeconfig", kubeconfig, "--cache-dir", enclosure.at("kubectl"), ...args];
      return (await run(join(programs, "kubectl"), all, { maxBuffer: 64 << 20 })).stdout;
    };
    return { ...plane, enclosure, network, nodes, kubeconfig, programs, admin, kubectl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const asAdmin =
  (url: string, credentials: Admin): Cluster["admin"] =>
  (method, path, body) =>
    call({ url, ...credentials }, method, path, body);

/** Whether so many nodes are Ready. */
export async function areReady(admin: Cluster["admin"], count: number): Promise<boolean> {
  const { object } = await admin("GET", "/api/v1/nodes");
  return (object.items ?? []).filter(isReady).length === count;
}

/** Whether a node or a pod says of itself that it is Ready. */
export function isReady({ status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
}

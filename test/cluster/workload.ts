import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { workerImage } from "./image.ts";

const deploy = join(import.meta.dirname, "..", "..", "deploy");

/** A manifest as far as it is adapted here. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec?: Record<string, unknown>;
  subjects?: { namespace?: string }[];
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  volumes?: object[];
  dnsPolicy?: string;
  nodeName?: string;
  automountServiceAccountToken?: boolean;
  [field: string]: unknown;
}

export interface Container {
  name: string;
  args: string[];
  env: object[];
  image?: string;
  imagePullPolicy?: string;
  volumeMounts?: object[];
  resources?: object;
  [field: string]: unknown;
}

/** What a case wants other than deploy/deployment.yaml has it. */
export interface Workload {
  readonly replicas?: number;
  /** Flags of leader-exec: one that the manifest has is replaced. */
  readonly flags?: readonly string[];
  /** What the probe does, as probe.c says: ["cleanup", "200"]. */
  readonly probe?: readonly string[];
  /** What stands behind `--`, when it is not the probe itself. */
  readonly command?: readonly string[];
  /** What else is different about the pods. */
  readonly change?: (pod: PodSpec) => void;
}

/** Kubernetes puts the pod's uid into the arguments: each pod has its own journal, and all have one lock. */
export const [journal, lock] = ["/oracle/$(POD_UID)", "/oracle/lock"];

/** A lease of 5 s, to be renewed within 2 s, so that a case need not wait long. */
const shortTimes = ["--lease-duration=5s", "--renew-deadline=2s", "--retry-period=500ms", "--kill-after=1s"];

/** The objects of a file of deploy/, in this namespace. */
export function manifests(file: string, namespace: string): Manifest[] {
  const found = loadAll(readFileSync(join(deploy, file), "utf8")) as Manifest[];
  for (const manifest of found) {
    manifest.metadata.namespace = namespace;
    for (const subject of manifest.subjects ?? []) subject.namespace = namespace;
  }
  return found;
}

/** deploy/deployment.yaml with our image, the probe as its command and short times; the journals are in `folder`. */
export function deployment(namespace: string, folder: string, workload: Workload = {}): Manifest {
  const [found] = manifests("deployment.yaml", namespace);
  if (!found?.spec) throw new Error("deploy/deployment.yaml holds no Deployment");
  const { replicas = 2, change } = workload;
  found.spec["replicas"] = replicas;
  const template = found.spec["template"] as { metadata: { labels: Record<string, string> }; spec: PodSpec };
  template.metadata.labels["case"] = namespace; // a drain of one case leaves the pods of others alone
  const pod = template.spec;
  pod.dnsPolicy = "Default";
  pod.volumes = [{ name: "oracle", hostPath: { path: folder, type: "Directory" } }];
  for (const container of pod.containers) adapt(container, workload);
  change?.(pod);
  return found;
}

/** What a container of ours needs to be one here. */
export function adapt(container: Container, { flags = [], probe = [], command }: Workload): void {
  container.image = workerImage;
  container.imagePullPolicy = "Never";
  container.args = argsOf(container.args, [...shortTimes, ...flags], command ?? ["probe", journal, lock, ...probe]);
  container.env.push({ name: "POD_UID", valueFrom: { fieldRef: { fieldPath: "metadata.uid" } } });
  container.volumeMounts = [{ name: "oracle", mountPath: "/oracle" }];
}

function argsOf(documented: readonly string[], flags: readonly string[], command: readonly string[]): string[] {
  const nameOf = (flag: string): string => flag.split("=")[0] ?? "";
  const kept = new Map(documented.slice(0, documented.indexOf("--")).map((flag) => [nameOf(flag), flag]));
  for (const flag of flags) kept.set(nameOf(flag), flag);
  return [...kept.values(), "--", ...command];
}

import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Daemon } from "./daemon.ts";
import type { Enclosure } from "./enclosure.ts";
import { pauseImage } from "./image.ts";
import { cniConfig, nodeAddress } from "./network.ts";

const run = promisify(execFile);

/** A node: a containerd and a kubelet of its own. All nodes are on one machine and share its clock and its disk. */
export class ClusterNode {
  readonly name: string;
  readonly number: number;
  readonly containerd: Daemon;
  readonly kubelet: Daemon;
  readonly #enclosure: Enclosure;

  constructor(enclosure: Enclosure, programs: string, number: number) {
    this.#enclosure = enclosure;
    this.number = number;
    this.name = `node${number}`;
    this.containerd = new Daemon(enclosure, {
      file: "containerd",
      name: `containerd-${this.name}`,
      flags: ["--config", this.#at("containerd.toml")],
      answers: () => this.ctr("version").then(() => true),
    });
    this.kubelet = new Daemon(enclosure, {
      file: join(programs, "kubelet"),
      name: `kubelet-${this.name}`,
      flags: [
        `--config=${this.#at("kubelet.json")}`,
        `--kubeconfig=${enclosure.at(`${this.name}.kubeconfig`)}`,
        `--root-dir=${this.#at("kubelet")}`,
        `--cert-dir=${this.#at("pki")}`,
        `--node-ip=${nodeAddress(number)}`,
        `--hostname-override=${this.name}`,
      ],
      answers: () => Promise.resolve(true), // the node becomes Ready
    });
  }

  /** Starts containerd with the images that are in this folder, and then the kubelet. */
  async start(images: string): Promise<void> {
    await mkdir(this.#at("cni"), { recursive: true });
    await writeFile(this.#at("cni", "bridge.conflist"), JSON.stringify(cniConfig(this.number, this.#at("addresses"))));
    await writeFile(this.#at("containerd.toml"), this.#containerdConfig());
    await writeFile(this.#at("kubelet.json"), JSON.stringify(this.#kubeletConfig()));
    await writeFile(this.#at("resolv.conf"), "");
    await this.containerd.start();
    for (const name of await readdir(images)) {
      await this.ctr("--namespace=k8s.io", "images", "import", join(images, name));
    }
    await this.kubelet.start();
  }

  /** Runs containerd's own client, and returns what it prints. */
  async ctr(...args: readonly string[]): Promise<string> {
    const [file = "", ...how] = this.#enclosure.through;
    const { stdout } = await run(file, [...how, "ctr", `--address=${this.#at("containerd.sock")}`, ...args]);
    return stdout;
  }

  #at(...path: readonly string[]): string {
    return this.#enclosure.at(this.name, ...path);
  }

  #containerdConfig(): string {
    // restrict_oom_score_adj: runc cannot lower the score of a pod below its own.
    return `version = 2
root = "${this.#at("containerd")}"
state = "${this.#at("containerd-state")}"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "${this.#at("containerd.sock")}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${this.#at("cni")}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${this.#at("opt")}"
`;
  }

  #kubeletConfig(): object {
    return {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      address: nodeAddress(this.number),
      healthzPort: 0,
      authentication: { anonymous: { enabled: false }, x509: { clientCAFile: this.#enclosure.at("ca.crt") } },
      authorization: { mode: "AlwaysAllow" },
      containerRuntimeEndpoint: `unix://${this.#at("containerd.sock")}`,
      cgroupDriver: "cgroupfs",
      cgroupsPerQOS: false,
      enforceNodeAllocatable: [],
      // v1.34.4 without control groups per class of service falls over when a pod follows another one of its name.
      featureGates: { InPlacePodVerticalScaling: false },
      failCgroupV1: false,
      failSwapOn: false,
      localStorageCapacityIsolation: false,
      podLogsDir: this.#at("logs"),
      resolvConf: this.#at("resolv.conf"),
      nodeStatusUpdateFrequency: "2s",
      nodeLeaseDurationSeconds: 8,
      evictionHard: { "memory.available": "1Mi", "nodefs.available": "0.1%", "imagefs.available": "0.1%" },
      imageGCHighThresholdPercent: 100,
      serializeImagePulls: false,
    };
  }
}

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Enclosure } from "./enclosure.ts";

const run = promisify(execFile);

/** The service address of the API server, which every pod is told. */
export const serviceAddress = "10.0.0.1";
/** Where it really listens; the bridge's first address. */
export const apiAddress = "10.88.0.1";
export const apiPort = 6443;
/** The nodes share one bridge: their own addresses, and those of their pods. */
export const nodeAddress = (node: number): string => `10.88.0.${node}`;
export const podRange = (node: number): string => `10.88.${node}.0/24`;

/** The CNI configuration of a node: a bridge, and addresses out of its range. */
export const cniConfig = (node: number, folder: string): object => ({
  cniVersion: "0.4.0",
  name: `leader-exec-${node}`,
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      hairpinMode: true,
      ipam: {
        type: "host-local",
        dataDir: folder,
        ranges: [
          [
            {
              subnet: "10.88.0.0/16",
              rangeStart: `10.88.${node}.10`,
              rangeEnd: `10.88.${node}.250`,
              gateway: apiAddress,
            },
          ],
        ],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
  ],
});

// Instead of kube-proxy: who asks for the service address of the API server gets its real one.
const rules = `
table ip service {
  chain pods { type nat hook prerouting priority -100; ip daddr ${serviceAddress} tcp dport 443 dnat to ${apiAddress}:${apiPort}; }
  chain nodes { type nat hook output priority -100; ip daddr ${serviceAddress} tcp dport 443 dnat to ${apiAddress}:${apiPort}; }
}
table ip cut {
  set nodes { type ipv4_addr; flags interval; }
  chain in { type filter hook input priority 0; ip saddr @nodes tcp dport ${apiPort} drop; }
  chain out { type filter hook output priority 0; ip daddr @nodes tcp sport ${apiPort} drop; }
}
`;

/** The network of the cluster, in its own namespace: one bridge for nodes and pods, and no way out of it. */
export class Network {
  readonly #enclosure: Enclosure;

  constructor(enclosure: Enclosure) {
    this.#enclosure = enclosure;
  }

  async setUp(nodes: readonly number[]): Promise<void> {
    await this.#run("ip", "link", "set", "lo", "up");
    await this.#run("ip", "link", "add", "cni0", "type", "bridge");
    for (const node of nodes) await this.#run("ip", "address", "add", `${nodeAddress(node)}/16`, "dev", "cni0");
    await this.#run("ip", "link", "set", "cni0", "up");
    await this.#run("ip", "route", "add", "default", "dev", "cni0");
    await this.#run("sysctl", "-qw", "net.ipv4.ip_forward=1");
    await this.#run("nft", rules);
  }

  /** From now on packets between the pods of a node and the API server are lost. */
  async cut(node: number): Promise<void> {
    await this.#run("nft", `add element ip cut nodes { ${podRange(node)} }`);
  }

  async heal(): Promise<void> {
    await this.#run("nft", "flush set ip cut nodes");
  }

  async #run(...command: readonly string[]): Promise<void> {
    const [file = "", ...more] = [...this.#enclosure.through, ...command];
    await run(file, more);
  }
}

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What happens to packets on their way. */
export interface Rules {
  /** nftables statements for what leaves the namespace, and for what comes in. */
  readonly out?: string;
  readonly in?: string;
}

export const blackHole: Rules = { out: "drop", in: "drop" };
export const requestsLost: Rules = { out: "drop" };
export const answersLost: Rules = { in: "drop" };
export const resets: Rules = {
  out: "ip protocol tcp reject with tcp reset",
  in: "ip protocol tcp reject with tcp reset",
};
export const loss = (percent: number): Rules => {
  const some = `numgen random mod 100 < ${percent} drop`;
  return { out: some, in: some };
};

/** A network namespace of its own, with one link to the host and the lab. It is gone when this process is. */
export class Namespace {
  /** What to start a program with, so that it lives in here. */
  readonly through: readonly string[];
  readonly #pid: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.through = ["nsenter", `--net=/proc/${pid}/ns/net`];
  }

  async run(...command: readonly string[]): Promise<string> {
    const [file = "", ...more] = [...this.through, ...command];
    return (await run(file, more)).stdout;
  }

  /** Faults that stay until `heal`. */
  async apply({ out = "accept", in: incoming = "accept" }: Rules): Promise<void> {
    const table = `table inet faults {
      chain out { type filter hook output priority 0; ${out}; }
      chain in { type filter hook input priority 0; ${incoming}; }
    }`;
    await this.run("nft", `flush ruleset; ${table}`);
  }

  async heal(): Promise<void> {
    await this.run("nft", "flush ruleset");
  }

  /** Local ports of the connections that are there now. */
  async ports(): Promise<number[]> {
    const table = await this.run("cat", `/proc/${this.#pid}/net/tcp`);
    const rows = table.trim().split("\n").slice(1);
    return rows.map((row) => Number.parseInt(row.trim().split(/\s+/)[1]?.split(":")[1] ?? "", 16));
  }
}

/** Namespaces that reach the lab at `address`, and nothing else. */
export class Network {
  readonly address: string;
  readonly #prefix: string;
  readonly #names: string;
  #count = 0;

  private constructor(prefix: string) {
    this.#prefix = prefix;
    this.#names = `le${randomInt(0x10000).toString(16)}`;
    this.address = `${prefix}.0.1`;
  }

  /** Null, with the reason printed, where namespaces cannot be made. */
  static async open(): Promise<Network | string> {
    if (process.getuid?.() !== 0) return "NO NAMESPACES: network faults need root";
    try {
      const network = new Network(`10.${randomInt(64, 192)}`);
      await network.#link(0);
      return network;
    } catch (error) {
      return `NO NAMESPACES: ${error instanceof Error ? error.message.trim() : String(error)}; install iproute2 and nftables`;
    }
  }

  /** Up to 250 of them. */
  async namespace(): Promise<Namespace> {
    const number = ++this.#count;
    const namespace = await this.#link(number);
    await namespace.run("ip", "route", "add", this.address, "via", `${this.#prefix}.${number}.1`);
    return namespace;
  }

  async #link(number: number): Promise<Namespace> {
    const pid = await emptyNamespace();
    const [here, there] = [`${this.#names}h${number}`, `${this.#names}n${number}`];
    const subnet = `${this.#prefix}.${number}`;
    await run("ip", ["link", "add", here, "type", "veth", "peer", "name", there, "netns", String(pid)]);
    await run("ip", ["address", "add", `${subnet}.1/24`, "dev", here]);
    await run("ip", ["link", "set", here, "up"]);
    const namespace = new Namespace(pid);
    await namespace.run("nft", "list ruleset");
    await namespace.run("ip", "address", "add", `${subnet}.2/24`, "dev", there);
    await namespace.run("ip", "link", "set", there, "up");
    return namespace;
  }
}

/** A process that holds a new namespace until we end, in whatever way: its pid. */
async function emptyNamespace(): Promise<number> {
  const holder: ChildProcess = spawn("unshare", ["--net", "sh", "-c", "echo ready; exec cat"], {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const { stdout, stdin, pid } = holder;
  if (!stdout || !stdin || pid === undefined) throw new Error("unshare could not be started");
  await Promise.race([
    once(stdout, "data"),
    once(holder, "exit").then(() => Promise.reject(new Error("unshare --net was refused"))),
  ]);
  holder.unref();
  for (const stream of [stdin, stdout]) (stream as unknown as { unref(): void }).unref();
  return pid;
}

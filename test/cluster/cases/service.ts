import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type { Stage } from "../stage.ts";
import { journal, lock, manifests } from "../workload.ts";
import { repeat, type Case } from "./case.ts";

const label = { "leader-exec/role": "leader" };
const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "worker" },
  spec: { selector: label, ports: [{ port: 9090 }] },
};
/** Beside the probe, a server that answers with the fencing token of its command. */
const serve = `require("http").createServer((_, answer) => answer.end(process.env.LEADER_FENCING_TOKEN)).listen(9090)`;
const command = ["sh", "-c", `probe ${journal} ${lock} & exec node -e '${serve}'`];

/** What a client of the Service was answered, request by request; null: nothing. */
class Client {
  readonly answers: (string | null)[] = [];
  /** The most endpoints that the Service had at once. */
  most = 0;
  readonly #stage: Stage;
  readonly #child;
  readonly #following: Promise<void>;
  #open = true;

  constructor(stage: Stage) {
    this.#stage = stage;
    const [enter = "", ...how] = stage.cluster.enclosure.through;
    const file = join(import.meta.dirname, "..", "ask.mjs");
    this.#child = spawn(enter, [...how, process.execPath, file], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.answers.push(JSON.parse(line) as string));
    this.#following = this.#follow();
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#following;
    const ended = once(this.#child, "exit");
    this.#child.stdin.end();
    await ended;
  }

  /** Tells the client which addresses the Service stands for, as kube-proxy would. */
  async #follow(): Promise<void> {
    const slices = `/apis/discovery.k8s.io/v1/namespaces/${this.#stage.namespace}/endpointslices`;
    while (this.#open) {
      const { object } = await this.#stage.cluster.admin("GET", slices);
      const all = (object.items ?? []) as { endpoints?: { addresses: string[]; conditions: { ready?: boolean } }[] }[];
      const ready = all
        .flatMap(({ endpoints }) => endpoints ?? [])
        .filter(({ conditions }) => conditions.ready === true);
      const addresses = ready.flatMap(({ addresses }) => addresses);
      this.most = Math.max(this.most, addresses.length);
      this.#child.stdin.write(`${JSON.stringify(addresses)}\n`);
      await pause(20);
    }
  }
}

/** Who asks the Service. */
export const services: readonly Case[] = [
  {
    title: "a Service that routes to the leader (--label-pod)",
    name: "service",
    run: async (stage) => {
      await stage.apply(service, ...manifests("rbac-extras.yaml", stage.namespace));
      let leader = await stage.deploy({ command, flags: ["--label-pod=leader-exec/role=leader"] });
      const client = new Client(stage);
      try {
        await repeat(stage, 20, async (nth) => {
          const { name } = await stage.podOf(leader);
          if (nth % 2 === 1) {
            process.kill((await stage.inmates(leader)).leaderExec.pid, "SIGKILL");
            await stage.witness.next(leader); // its label is still there until the pod is deleted, or its container started again
          }
          await stage.kubectl("delete", "pod", name);
          await stage.handsOver(leader);
          leader = await stage.settles(2);
        });
      } finally {
        await client.close();
      }
      const tokens = client.answers.filter((answer) => answer !== null).map(BigInt);
      const back = tokens.filter((token, index) => token < (tokens[index - 1] ?? 0n));
      assert.deepEqual(back, [], "no pod answered after another one had");
      assert.ok(new Set(tokens).size >= 20, "most leaders were asked");
      stage.notes.push(
        `${tokens.length} answers by ${new Set(tokens).size} leaders in turn, ${client.answers.length - tokens.length} requests without an answer; at most ${client.most} endpoints at once`,
      );
    },
  },
];

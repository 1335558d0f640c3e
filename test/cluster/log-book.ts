import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Stage } from "./stage.ts";

/** Collects what all containers of a case log from now on, out of the files of the nodes: those of a pod go with it. */
export class LogBook {
  readonly #stage: Stage;
  readonly #before: ReadonlySet<string>;
  readonly #lines = new Set<string>();
  readonly #reading: Promise<void>;
  #open = true;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#before = new Set(this.#read());
    this.#reading = this.#follow();
  }

  /** What was logged meanwhile, in the order of time: each line with its node and its pod. */
  async close(): Promise<readonly string[]> {
    this.#open = false;
    await this.#reading;
    return [...this.#lines].sort();
  }

  async #follow(): Promise<void> {
    const take = (): void => this.#read().forEach((line) => this.#before.has(line) || this.#lines.add(line));
    while (this.#open) {
      take();
      await pause(100);
    }
    take();
  }

  #read(): string[] {
    const { cluster, namespace } = this.#stage;
    return cluster.nodes.flatMap(({ name }) => {
      const folder = cluster.enclosure.at(name, "logs");
      const pods = existsSync(folder) ? readdirSync(folder).filter((pod) => pod.startsWith(`${namespace}_`)) : [];
      return pods.flatMap((pod) => {
        const container = join(folder, pod, "worker");
        const files = existsSync(container) ? readdirSync(container) : [];
        return files.flatMap((file) => linesOf(name, pod, join(container, file)));
      });
    });
  }
}

/** The form that kubelet wants of a container runtime: time, stream, tag, text. */
function linesOf(node: string, pod: string, file: string): string[] {
  if (!existsSync(file)) return []; // removed with its pod, meanwhile
  const [, name = ""] = pod.split("_");
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [at, , , ...text] = line.split(" ");
      return at ? [`${at} ${node} ${name} ${text.join(" ")}`] : [];
    });
}

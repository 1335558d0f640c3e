import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { until } from "../lab/until.ts";
import type { Engine, Image } from "./engine.ts";
import { specOf, type ContainerOptions } from "./spec.ts";

/** A process in a container, as this machine sees it. */
export interface Inmate {
  readonly pid: number;
  readonly parent: number;
  readonly zombie: boolean;
  readonly name: string;
  readonly commandLine: string;
}

let count = 0;

/** A real container: namespaces of its own, read-only root, no capabilities, the image's user. It ends with the test. */
export class Container {
  readonly id = `leader-exec-test-${process.pid}-${++count}`;
  stdout = "";
  stderr = "";
  /** The exit code of `runc run`, which is that of the container's first process. */
  readonly ended: Promise<number | null>;
  readonly #engine: Engine;
  readonly #runc: ChildProcess;

  constructor(t: TestContext, engine: Engine, image: Image, args: readonly string[], options: ContainerOptions = {}) {
    this.#engine = engine;
    const bundle = engine.at("bundles", this.id);
    mkdirSync(bundle, { recursive: true });
    writeFileSync(join(bundle, "config.json"), JSON.stringify(specOf(this.id, image, args, options)));
    this.#runc = spawn("runc", ["--root", engine.at("runc"), "run", "--bundle", bundle, this.id], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#runc.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.#runc.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.ended = once(this.#runc, "close").then(([code]) => code as number | null);
    t.after(async () => {
      if (this.#runc.exitCode !== null) return;
      await this.#run("delete", "--force", this.id);
      await this.ended;
    });
  }

  /** Sends a signal to the container's first process, as the kubelet does to stop it. */
  async kill(signal: string): Promise<void> {
    await this.#run("kill", this.id, signal);
  }

  /** The container's first process. */
  async init(): Promise<number> {
    const state = JSON.parse(await this.#run("state", this.id)) as { pid: number };
    return state.pid;
  }

  /** Waits until the container printed this on stdout. */
  prints(text: string): Promise<void> {
    return this.#shows(`"${text}" on stdout`, () => this.stdout.includes(text));
  }

  /** Waits until leader-exec said something like this on stderr. */
  logs(pattern: RegExp): Promise<void> {
    return this.#shows(`${pattern} on stderr`, () => pattern.test(this.stderr));
  }

  /** All processes of the container's pid namespace. */
  async inmates(): Promise<Inmate[]> {
    const space = linkOf(await this.init());
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && linkOf(Number(name)) === space)
      .flatMap((name) => inmate(Number(name)) ?? []);
  }

  /** The one living process with such a command line. Waits for it. */
  async find(commandLine: RegExp): Promise<Inmate> {
    return until(`one process like ${commandLine}`, async () => {
      const found = (await this.inmates()).filter((inmate) => commandLine.test(inmate.commandLine));
      return found.length === 1 ? found[0] : undefined;
    });
  }

  /** What is answered at this URL, asked from inside of the container's network. */
  async ask(url: string): Promise<string> {
    const script = `fetch(${JSON.stringify(url)}).then(async (answer) => console.log(answer.status, await answer.text()))`;
    const inside = ["--target", String(await this.init()), "--net"];
    await this.#engine.workshop.run("nsenter", [...inside, "ip", "link", "set", "lo", "up"]);
    return this.#engine.workshop.run("nsenter", [...inside, process.execPath, "-e", script]);
  }

  /** Memory that is the container's own, in bytes: anonymous pages and the kernel's, without the files that it runs. */
  async memory(): Promise<number> {
    const groups = readFileSync(`/proc/${await this.init()}/cgroup`, "utf8");
    const legacy = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
    const folder = join(
      "/sys/fs/cgroup",
      legacy === undefined ? (/^0::(.*)$/m.exec(groups)?.[1] ?? "") : `memory${legacy}`,
    );
    const stat = readFileSync(join(folder, "memory.stat"), "utf8");
    const field = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(stat)?.[1] ?? 0);
    const kernel = join(folder, "memory.kmem.usage_in_bytes");
    if (legacy === undefined) return field("anon") + field("kernel");
    return field("total_rss") + (existsSync(kernel) ? Number(readFileSync(kernel, "utf8")) : 0);
  }

  async #shows(what: string, look: () => boolean): Promise<void> {
    let over = false;
    void this.ended.then(() => (over = true));
    const lookOrEnd = (): boolean => {
      if (look()) return true;
      if (over) throw new Error(`the container ended without ${what}`);
      return false;
    };
    await until(`${what} of the container`, lookOrEnd, 30_000).catch((error: unknown) => {
      throw new Error(`${String(error)}; it printed:\n${this.stdout}${this.stderr}`);
    });
  }

  #run(...args: string[]): Promise<string> {
    return this.#engine.workshop.run("runc", ["--root", this.#engine.at("runc"), ...args]);
  }
}

/** Which pid namespace a process is in; zombies have none to be seen, so their parent's counts. */
function linkOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES") return undefined; // something that not even root may look into is none of ours
    if (code !== "ENOENT") throw error;
    const parent = inmate(pid)?.parent;
    return parent === undefined || parent === 0 ? undefined : linkOf(parent);
  }
}

function inmate(pid: number): Inmate | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    return { pid, parent: Number(parent), zombie: state === "Z", name, commandLine };
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

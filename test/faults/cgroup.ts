import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { randomBytes } from "node:crypto";

/** A group of processes whose CPU or number is limited (cgroup v1). Gone after the test: what is in it goes back. */
export class Cgroup {
  readonly #folder: string;

  /** Throws where this is not to be had: without root, or without this controller. */
  constructor(t: TestContext, controller: "cpu" | "pids") {
    this.#folder = join("/sys/fs/cgroup", controller, `leader-exec-fault-${randomBytes(4).toString("hex")}`);
    mkdirSync(this.#folder);
    t.after(() => this.#remove(controller));
  }

  set(file: string, value: number): void {
    writeFileSync(join(this.#folder, file), String(value));
  }

  read(file: string): string {
    return readFileSync(join(this.#folder, file), "utf8");
  }

  /** Their children are in it too, from when they are started. Who has ended is passed over. */
  take(pids: readonly number[]): void {
    for (const pid of pids) move(pid, this.#folder);
  }

  /** Moves everybody out. */
  #remove(controller: string): void {
    for (const pid of this.read("cgroup.procs").split("\n").filter(Boolean)) {
      move(Number(pid), join("/sys/fs/cgroup", controller));
    }
    rmdirSync(this.#folder);
  }
}

function move(pid: number, folder: string): void {
  try {
    writeFileSync(join(folder, "cgroup.procs"), String(pid));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it has ended
  }
}

/** Why there are no such groups here; null: there are. */
export function cgroupTrouble(): string | null {
  try {
    for (const controller of ["cpu", "pids"]) {
      const folder = join("/sys/fs/cgroup", controller, `leader-exec-fault-${randomBytes(4).toString("hex")}`);
      mkdirSync(folder);
      rmdirSync(folder);
    }
    return null;
  } catch (error) {
    return `NO CGROUPS: limits of CPU and processes need root and cgroup v1 (${String(error)})`;
  }
}

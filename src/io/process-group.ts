import { groupExists, sendSignal } from "./send-signal.ts";
import type { Census, Tree, TreeRoot } from "./tree.ts";

const nobody: Census = { members: [], unsure: 0, settled: true };
const somebody: Census = { members: [], unsure: 1, settled: true };

/** What is left of a process tree where there is no /proc (macOS): the command's process group. */
export class ProcessGroup implements Tree {
  #root: TreeRoot | null = null;

  grow(root: TreeRoot): void {
    this.#root = root;
  }

  signalGroup(signal: string): boolean {
    return this.#root !== null && sendSignal(-this.#root.pid, signal);
  }

  signal(signal: string): Promise<void> {
    this.signalGroup(signal);
    return Promise.resolve();
  }

  kill(): Promise<Census> {
    this.signalGroup("SIGKILL");
    return this.look();
  }

  look(): Promise<Census> {
    return Promise.resolve(this.#root !== null && groupExists(this.#root.pid) ? somebody : nobody);
  }

  killNow(): void {
    this.signalGroup("SIGKILL");
  }
}

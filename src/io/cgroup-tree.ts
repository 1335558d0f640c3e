import type { Cgroup } from "./cgroup.ts";
import type { Census, Tree, TreeRoot } from "./tree.ts";

const inside: Census = { members: [], unsure: 1, settled: true };
/** Who was sent a SIGKILL is gone after so many rounds, or waits for a disk: then others are looked for all the same. */
const quickRounds = 3;

/**
 * The process tree of a run that has a cgroup of its own. One write kills it, forks included, and it is not gone before the
 * kernel says that the cgroup is empty. Nobody leaves a cgroup by himself, but with the right to write there he can be moved
 * (a login by systemd, root by itself). So the search in /proc is not replaced but follows: what it finds is killed and waited for
 * as if there were no cgroup. It costs one look, and with it nothing escapes that would not escape from both.
 */
export class CgroupTree implements Tree {
  readonly #cgroup: () => Cgroup | null;
  readonly #search: Tree;
  #rounds = 0;

  /** `cgroup`: null as long as there is none; then the search does it alone. */
  constructor(cgroup: () => Cgroup | null, search: Tree) {
    this.#cgroup = cgroup;
    this.#search = search;
  }

  grow(root: TreeRoot, isHeld?: () => boolean): void {
    this.#search.grow(root, isHeld);
  }

  signalGroup(signal: string): boolean {
    return this.#search.signalGroup(signal);
  }

  signal(signal: string): Promise<void> {
    return this.#search.signal(signal);
  }

  killNow(): void {
    this.#search.killNow(); // first: who was moved may be known by its parent alone, and that is about to die
    this.#cgroup()?.kill();
  }

  async kill(): Promise<Census> {
    if (this.#isPopulated()) {
      if (this.#rounds === 0) this.killNow();
      else this.#cgroup()?.kill();
      if (this.#rounds++ < quickRounds) return inside;
    }
    return this.#withCgroup(await this.#search.kill());
  }

  async look(): Promise<Census> {
    return this.#withCgroup(await this.#search.look());
  }

  #withCgroup(census: Census): Census {
    return this.#isPopulated() ? { ...census, unsure: census.unsure + 1 } : census;
  }

  #isPopulated(): boolean {
    return this.#cgroup()?.isPopulated() ?? false;
  }
}

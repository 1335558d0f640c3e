import { Elders } from "./elders.ts";
import { ancestors, newestPid, type ProcessStat } from "./proc.ts";
import { takeSnapshot } from "./proc-snapshot.ts";
import { RunIdSearch } from "./run-id-search.ts";
import { groupExists, sendSignal } from "./send-signal.ts";
import { signalEach } from "./signal-each.ts";
import type { Census, Tree, TreeRoot } from "./tree.ts";
import { addDescendants, holdsProcess, type Sweep } from "./tree-kin.ts";
import { TreeSessions } from "./tree-sessions.ts";

/**
 * The process tree of one run on Linux, found in /proc. A process belongs to it that started no earlier than the command, and
 * is it, is in its session or in one that a member began, carries the run's id, descends from one that belongs, or belonged
 * before. Zombies count as gone. What escapes: a process that left the session, is no child of the tree any more, and wiped
 * its environment or became a user whose /proc we may not read, before we ever looked.
 */
export class ProcessTree implements Tree {
  readonly #search: RunIdSearch;
  /** pid -> start time. Once of the tree, always of the tree, whatever it did to its group or environment since. */
  readonly #members = new Map<number, number>();
  readonly #ended = new Map<number, number>();
  readonly #sessions = new TreeSessions();
  readonly #elders = new Elders((stat) => !this.#isYoung(stat));
  readonly #never: ReadonlySet<number>;
  readonly #ancestors = ancestors();
  #since: number;
  #root: TreeRoot | null = null;
  #isHeld: () => boolean = () => false;

  /** `since`: start time of a process that is older than the command. `never`: pids that are left alone. */
  constructor(runId: string, since: number, never: readonly number[]) {
    this.#search = new RunIdSearch(runId);
    this.#since = since;
    this.#never = new Set(never);
  }

  grow(root: TreeRoot, isHeld: () => boolean = holdsProcess(root)): void {
    this.#root = root;
    this.#isHeld = isHeld;
    this.#since = Math.max(this.#since, root.startTime);
    this.#sessions.add(root.pid, root.startTime);
  }

  signalGroup(signal: string): boolean {
    const root = this.#root;
    // As long as the command's process exists, be it as a zombie, the group is its own.
    if (root === null || !this.#isHeld()) return false;
    sendSignal(-root.pid, signal);
    return true;
  }

  killNow(): void {
    this.#strike();
  }

  async signal(signal: string): Promise<void> {
    this.#trySweep();
    const send = this.#sender(signal, this.signalGroup(signal));
    for (const member of (await this.look()).members) {
      // A leader-exec in the tree hears the signal itself and passes it on: its command must not get it twice.
      if ((await this.#search.ask(member)) !== "nested") send(member);
    }
  }

  async kill(): Promise<Census> {
    const sweep = this.#strike() ?? this.#sweep();
    const send = this.#sender("SIGKILL", false);
    const later: ProcessStat[] = [];
    const census = await this.#census(sweep, (member) => {
      if (member.pid === member.session || this.#sessions.has(member)) send(member);
      else later.push(member); // not a child before its parent, which would go on with its next command
    });
    for (const member of later.sort((a, b) => a.startTime - b.startTime || a.pid - b.pid)) send(member);
    return census;
  }

  async look(): Promise<Census> {
    return this.#census(this.#sweep());
  }

  /** A sweep, and what the environments of the others add. Each member is told to `found` as soon as it is found. */
  async #census(sweep: Sweep, found: (member: ProcessStat) => void = () => undefined): Promise<Census> {
    const { processes, members, hidden, settled } = sweep;
    for (const member of members.values()) found(member);
    if (this.#root === null) this.#search.doubt();
    this.#search.keep((pid) => processes.has(pid));
    const isStrange = (stat: ProcessStat): boolean => !members.has(stat.pid) && !this.#isChildOfStranger(stat, sweep);
    const strangers = [...processes.values()].filter(isStrange);
    const { unsure, gone } = await this.#search.look(strangers, (stat) => {
      members.set(stat.pid, stat);
      found(stat);
    });
    for (const stat of addDescendants(processes, members)) found(stat);
    for (const stat of members.values()) this.#sessions.addOrphaned(stat, processes);
    this.#remember(members);
    return { members: [...members.values()], unsure: unsure + hidden, settled: settled && !gone.some(isStrange) };
  }

  /** Kills all that stat alone can tell. Where that was nobody, the sweep is returned: a later one would say no more. */
  #strike(): Sweep | null {
    // First: who lives outside the group may be known by its parent alone, and that is about to die.
    const sweep = this.#trySweep();
    const groupDone = this.signalGroup("SIGKILL");
    const send = this.#sender("SIGKILL", groupDone);
    for (const member of sweep?.members.values() ?? []) send(member);
    return groupDone || sweep?.members.size !== 0 ? null : sweep;
  }

  /** Remembers who belongs; null when it cannot be looked, for want of a descriptor. */
  #trySweep(): Sweep | null {
    try {
      return this.#sweep();
    } catch {
      return null; // the group can be signalled all the same, and whoever waits for the end of the tree looks again
    }
  }

  /** All that stat alone can tell, in one go. */
  #sweep(): Sweep {
    const { stats: all, complete } = takeSnapshot(newestPid, (pid) => this.#elders.read(pid));
    const stats = all.filter(({ pid }) => pid > 1 && !this.#never.has(pid));
    let settled = complete;
    const young = stats.filter((stat) => this.#isYoung(stat));
    const old = stats.filter((stat) => !this.#isYoung(stat));
    this.#sessions.begin(young, old);
    const processes = new Map<number, ProcessStat>();
    const members = new Map<number, ProcessStat>();
    for (const stat of young) {
      const isMember = this.#sessions.has(stat) || this.#members.get(stat.pid) === stat.startTime;
      if (!stat.ended) processes.set(stat.pid, stat);
      else if (isMember && this.#ended.get(stat.pid) !== stat.startTime) {
        settled = false;
        this.#ended.set(stat.pid, stat.startTime);
      }
      if (!stat.ended && isMember) members.set(stat.pid, stat);
    }
    const hidden = this.#root !== null && this.#sessions.isUnseen(this.#root.pid) && groupExists(this.#root.pid);
    if (settled && !hidden) this.#sessions.forgetUnseen();
    addDescendants(processes, members);
    this.#remember(members);
    return { processes, members, older: new Set(old.map(({ pid }) => pid)), hidden: hidden ? 1 : 0, settled };
  }

  /** Young enough to belong to the tree. Who is not never will be: `#since` only grows. */
  #isYoung(stat: ProcessStat): boolean {
    return stat.startTime >= this.#since && !stat.kernel;
  }

  #remember(members: ReadonlyMap<number, ProcessStat>): void {
    for (const { pid, session, startTime } of members.values()) {
      this.#members.set(pid, startTime);
      if (pid === session) this.#sessions.add(pid, startTime);
    }
  }

  #sender(signal: string, groupDone: boolean): (member: ProcessStat) => void {
    const root = this.#root?.pid;
    return signalEach(signal, groupDone ? root : undefined, (stat) =>
      // Other groups than the command's may hold a nested leader-exec's command, which has its signals from there.
      signal === "SIGKILL" ? this.#sessions.has(stat) : stat.group === root,
    );
  }

  /**
   * Its parent is alive and a stranger, and no ancestor of ours. Only ancestors adopt what our tree orphans (prctl(2),
   * PR_SET_CHILD_SUBREAPER), so it is that stranger's own child, and need not be looked into: on a busy machine most are.
   */
  #isChildOfStranger({ parent }: ProcessStat, { processes, older }: Sweep): boolean {
    if (this.#ancestors === null || this.#ancestors.has(parent) || this.#never.has(parent)) return false;
    const stat = processes.get(parent);
    return stat === undefined ? older.has(parent) : this.#search.isForeign(stat);
  }
}

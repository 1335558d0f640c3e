import { listPids, readStat, type ProcessStat } from "./proc.ts";
import { RunIdSearch } from "./run-id-search.ts";
import { sendSignal } from "./send-signal.ts";
import type { Census, Tree, TreeRoot } from "./tree.ts";

/**
 * The process tree of one run on Linux, found in /proc. A process belongs to it that started no earlier than the command
 * and is the command, is in its group or session, carries the run's id, descends from one that belongs, or belonged
 * before. Zombies count as gone. What escapes: a process that left group and session, is no child of the tree any more,
 * and wiped its environment or became a user whose /proc we may not read, before we ever looked.
 */
export class ProcessTree implements Tree {
  readonly #search: RunIdSearch;
  /** pid -> start time. Once of the tree, always of the tree, whatever it did to its group or environment since. */
  readonly #members = new Map<number, number>();
  readonly #ended = new Map<number, number>();
  readonly #never: ReadonlySet<number>;
  #since: number;
  #root: TreeRoot | null = null;
  #isHeld: () => boolean = () => false;
  /** The command is reaped and its group and session are empty: their number may be given to strangers. */
  #groupOver = false;

  /** `since`: start time of a process that is older than the command. `never`: pids that are left alone. */
  constructor(runId: string, since: number, never: readonly number[]) {
    this.#search = new RunIdSearch(runId);
    this.#since = since;
    this.#never = new Set(never);
  }

  grow(root: TreeRoot, isHeld: () => boolean = () => false): void {
    this.#root = root;
    this.#isHeld = isHeld;
    this.#since = root.startTime;
  }

  signalGroup(signal: string): boolean {
    const root = this.#root;
    if (root === null) return false;
    // As long as the command's process exists, be it as a zombie, the group is its own.
    if (!this.#isHeld() && readStat(root.pid)?.startTime !== root.startTime) return false;
    sendSignal(-root.pid, signal);
    return true;
  }

  killNow(): void {
    const send = this.#sender("SIGKILL", this.signalGroup("SIGKILL"));
    for (const member of this.#sweep().members.values()) send(member);
  }

  async signal(signal: string): Promise<void> {
    const send = this.#sender(signal, this.signalGroup(signal));
    for (const member of (await this.look()).members) {
      // A leader-exec in the tree hears the signal itself and passes it on: its command must not get it twice.
      if ((await this.#search.ask(member)) !== "nested") send(member);
    }
  }

  async kill(): Promise<Census> {
    return await this.look(this.#sender("SIGKILL", this.signalGroup("SIGKILL")));
  }

  async look(found: (member: ProcessStat) => void = () => undefined): Promise<Census> {
    const { processes, members, settled } = this.#sweep();
    for (const member of members.values()) found(member);
    if (this.#root === null)
      this.#search.keep(() => false); // a command that is just being started gets its id in exec
    else this.#search.keep((pid) => processes.has(pid));
    const strangers = [...processes.values()].filter(({ pid }) => !members.has(pid));
    const { unsure, gone } = await this.#search.look(strangers, (stat) => {
      members.set(stat.pid, stat);
      found(stat);
    });
    for (const stat of addDescendants(processes, members)) found(stat);
    this.#remember(members);
    return { members: [...members.values()], unsure, settled: settled && gone === 0 };
  }

  /** All that stat alone can tell, in one go. */
  #sweep(): Sweep {
    const processes = new Map<number, ProcessStat>();
    const members = new Map<number, ProcessStat>();
    let settled = true;
    let groupHeld = this.#root === null;
    for (const pid of listPids()) {
      const stat = pid > 1 && !this.#never.has(pid) ? readStat(pid) : undefined;
      if (stat === null) settled = false; // it may have left a child behind that was not listed yet
      if (!stat || stat.startTime < this.#since || stat.kernel) continue;
      if (this.#isOtherRoot(stat)) this.#groupOver = true;
      const inGroup = this.#isInGroup(stat);
      groupHeld ||= inGroup;
      const isMember = inGroup || this.#members.get(pid) === stat.startTime;
      if (!stat.ended) processes.set(pid, stat);
      else if (isMember && this.#ended.get(pid) !== stat.startTime) {
        settled = false;
        this.#ended.set(pid, stat.startTime);
      }
      if (!stat.ended && isMember) members.set(pid, stat);
    }
    if (settled && !groupHeld) this.#groupOver = true;
    addDescendants(processes, members);
    this.#remember(members);
    return { processes, members, settled };
  }

  #isInGroup(stat: ProcessStat): boolean {
    if (this.#root === null || this.#groupOver) return false;
    return stat.group === this.#root.pid || stat.session === this.#root.pid;
  }

  #isOtherRoot(stat: ProcessStat): boolean {
    return stat.pid === this.#root?.pid && stat.startTime !== this.#root.startTime;
  }

  #remember(members: ReadonlyMap<number, ProcessStat>): void {
    for (const [pid, stat] of members) this.#members.set(pid, stat.startTime);
  }

  /**
   * Signals one member after the other, their group as a whole: nobody can fork out of that. Makes sure first that the pid
   * still is that process; between two instructions no pid comes round again.
   */
  #sender(signal: string, groupDone: boolean): (member: ProcessStat) => void {
    return ({ pid, group, startTime }) => {
      const inGroup = group === this.#root?.pid;
      if ((inGroup && groupDone) || readStat(pid)?.startTime !== startTime) return;
      sendSignal(inGroup ? -group : pid, signal);
      groupDone ||= inGroup;
    };
  }
}

interface Sweep {
  /** Every living process that is young enough, by pid. */
  readonly processes: ReadonlyMap<number, ProcessStat>;
  readonly members: Map<number, ProcessStat>;
  readonly settled: boolean;
}

/** Adds every process whose parent is a member, until there is none left; answers with the new ones. */
function addDescendants(processes: ReadonlyMap<number, ProcessStat>, members: Map<number, ProcessStat>): ProcessStat[] {
  const added: ProcessStat[] = [];
  for (let before = -1; before !== added.length;) {
    before = added.length;
    for (const stat of processes.values()) {
      if (members.has(stat.pid) || !members.has(stat.parent)) continue;
      members.set(stat.pid, stat);
      added.push(stat);
    }
  }
  return added;
}

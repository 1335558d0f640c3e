import { readStat, type ProcessStat } from "./proc.ts";

/**
 * The sessions that belong to a tree whole: each was begun by a member, and nobody can join a session from outside
 * (setsid(2), setpgid(2)). So a child that a member forks in its last moment is still found, even without an environment.
 */
export class TreeSessions {
  /** Number -> start time of the process that began it; 0 when that had ended already. */
  readonly #sessions = new Map<number, number>();
  #seen = new Set<number>();
  #older: readonly ProcessStat[] = [];

  add(session: number, startTime: number): void {
    this.#sessions.set(session, startTime);
    this.#seen.add(session);
  }

  /**
   * The session of a member that was found by its id: ours when whoever began it has ended, and nobody in it is older than
   * the command. It is not ours when it began elsewhere: a terminal in which somebody copied the id. Throws as readStat does.
   */
  addOrphaned(member: ProcessStat, living: ReadonlyMap<number, ProcessStat>): void {
    const { session } = member;
    if (session > 1 && !living.has(session) && !this.#sessions.has(session) && !this.#isOfOlder(session))
      this.add(session, 0);
  }

  /** What is known of them may be long ago (elders.ts): since then each may have left a session, for the one of its own number. */
  #isOfOlder(session: number): boolean {
    return this.#older.some(
      (stat) => stat.pid === session || (stat.session === session && readStat(stat.pid)?.session === session),
    );
  }

  has(stat: ProcessStat): boolean {
    return this.#sessions.has(stat.session);
  }

  /**
   * A new look, at these processes, zombies too, and those that are older than the command. A number that came round again is
   * no longer ours: a pid is given out only when no session has it any more.
   */
  begin(processes: readonly ProcessStat[], older: readonly ProcessStat[]): void {
    this.#older = older;
    for (const { pid, startTime, ended } of processes) {
      const began = this.#sessions.get(pid);
      const isAnother = began === 0 ? !ended : began !== startTime;
      if (began !== undefined && isAnother) this.#sessions.delete(pid);
    }
    this.#seen = new Set(processes.map(({ session }) => session));
  }

  /** It is ours, and this look found nobody in it. */
  isUnseen(session: number): boolean {
    return this.#sessions.has(session) && !this.#seen.has(session);
  }

  /** The look was a sure one: a session in which nobody was found is over, and its number may be given to strangers. */
  forgetUnseen(): void {
    for (const session of this.#sessions.keys()) {
      if (!this.#seen.has(session)) this.#sessions.delete(session);
    }
  }
}

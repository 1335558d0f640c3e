import type { ProcessStat } from "./proc.ts";

/** The command's process, whose pid is also the number of its group and session. */
export interface TreeRoot {
  readonly pid: number;
  /** Clock ticks since boot; 0 where there is no /proc. */
  readonly startTime: number;
}

/** One look at the tree. It is gone when there are neither members nor unsure processes in a settled look. */
export interface Census {
  readonly members: readonly ProcessStat[];
  /** Processes that could not be looked into yet and may be of the tree. */
  readonly unsure: number;
  /** False when processes ended during the look: each may have started another just before. */
  readonly settled: boolean;
}

/** A run's processes, however the platform finds them. */
export interface Tree {
  /**
   * The command exists from now on. `isHeld` is true as long as we are its parent and have not reaped it: so long its pid
   * and its group belong to it for certain.
   */
  grow(root: TreeRoot, isHeld?: () => boolean): void;
  /** Signals the command's group at once, if it is certain that it still is the command's. */
  signalGroup(signal: string): boolean;
  /** Signals every member, each once. A nested leader-exec passes it on to its own command. */
  signal(signal: string): Promise<void>;
  /** SIGKILLs every member that is found, those that killNow finds before it returns; tells which there were. */
  kill(): Promise<Census>;
  /** Looks only. */
  look(): Promise<Census>;
  /** SIGKILLs what can be found without waiting: at least the group, whatever else fails. */
  killNow(): void;
}

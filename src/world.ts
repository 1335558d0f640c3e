/**
 * What the loop needs from the world around it, as narrow as the loop uses it. Implementations are in `io/`; none of
 * them decides anything.
 */
import type { Elector } from "./core/elector.ts";
import type { ReadResult, StoredLease, Write, WriteResult } from "./core/lease.ts";
import type { State } from "./core/state.ts";
import type { CommandEnd, Effect, Event, LogLine, Millis, SignalName, StartFailure } from "./core/types.ts";

export interface Clock {
  /** Monotonic, counting time in suspend, so that neither wall clock steps nor a sleeping laptop stretch a lease. */
  now(): Millis;
  /** Time of day, milliseconds since 1970: only for records and log lines. */
  wall(): Millis;
}

/** One Lease in one store. The elector must not know which store it talks to. */
export interface LeaseStore {
  /** For the start line: "cluster https://..., from ~/.kube/config, namespace default". */
  readonly description: string;
  /** Answers at the latest at `deadline` (on the Clock); never throws or rejects. */
  read(deadline: Millis): Promise<ReadResult>;
  /**
   * Compare-and-swap: without a base it creates, and conflicts when the Lease exists; with one it replaces, and conflicts
   * when uid or version are not those of the base. A failure says nothing about whether the write was or will be applied.
   */
  write(write: Write, deadline: Millis): Promise<WriteResult>;
  /**
   * Tells every later change. `since`: the version already known, null when the Lease is missing. Ends with exactly one
   * `ended`, after which nothing more is told; not called again after close().
   */
  watch(since: string | null, listener: WatchListener): Watch;
  /** Ends all requests, watches and sockets, so that the process can exit. */
  close(): void;
}

export interface WatchListener {
  changed(lease: StoredLease): void;
  deleted(): void;
  /** The watch is over: closed by the server or 410 (`closed`), no right to watch (`forbidden`), or anything else. */
  ended(reason: "closed" | "forbidden" | "failed"): void;
}

export interface Watch {
  close(): void;
}

/** Runs one command as a process tree of its own: once; with a schedule, again and again, never before the tree of the last run is gone. */
export interface CommandRunner {
  listen(listener: CommandListener): void;
  /** The Lease is being acquired: whatever can be done before it is known whether that succeeds. Changes nothing. */
  expectStart(): void;
  /**
   * Starts the guard, then the command with stdin, stdout and stderr inherited. Answers with `started` or `notStarted`;
   * the guard is told `killAt` before the command exists. `lease` is what the confirmed write stored that the start follows, and becomes
   * the LEADER_ variables; null: leader election is off. `tick`: the time of day for which a schedule starts it.
   */
  start(lease: StoredLease | null, killAt: Millis, tick: Millis | null): void;
  /** Moves the guard's deadline. */
  guardUntil(killAt: Millis): void;
  /** Sends a signal to the command's process, or to each member of its tree. */
  forward(signal: string, to: "command" | "tree"): void;
  /** SIGKILLs the whole tree in rounds until it is gone. Safe to call again. */
  killTree(): void;
  /** The whole tree is gone: ends the guard. */
  close(): void;
}

/** Order in a run: started (or notStarted, then nothing more), ended once the child is reaped, treeGone once and last. */
export interface CommandListener {
  started(pid: number): void;
  notStarted(failure: StartFailure): void;
  ended(end: CommandEnd): void;
  /** The child is reaped, its group is empty and no process of its tree is found any more. */
  treeGone(): void;
  /** No guard watches any more and none could be started in its place. */
  guardLost(message: string): void;
}

/** Signals that were sent to leader-exec. */
export interface Signals {
  listen(listener: (signal: SignalName) => void): void;
  close(): void;
}

/** Who elects just now; absent in a World: the candidates themselves. */
export interface Elections {
  readonly elector: Elector;
  /** Is called after each change. */
  listen(changed: () => void): void;
  wish(wish: "withdraw" | "register"): void;
}

export type { Ticks } from "./core/schedule.ts";
export type { LogLine } from "./core/types.ts";

/** Writes lines to stderr without ever blocking; a line that does not fit into the pipe is dropped and counted. */
export interface Log {
  write(line: LogLine): void;
}

export interface World {
  readonly clock: Clock;
  readonly store: LeaseStore;
  readonly command: CommandRunner;
  readonly signals: Signals;
  readonly log: Log;
  /** A random number in [0, 1). */
  random(): number;
  /** Calls back once at the end of this span, or before; a new call replaces the one before, null cancels it. */
  wakeIn(span: Millis, callback: (() => void) | null): void;
  readonly elections?: Elections;
  /** Absent: nobody looks on, and nothing is done for it. */
  readonly observer?: Observer;
}

/** One step of the loop, as it was made. */
export interface Step {
  readonly before: State;
  readonly event: Event;
  readonly effects: readonly Effect[];
  readonly after: State;
  /** On the Clock. */
  readonly at: Millis;
}

/** Is told of each step after its effects were performed, in the loop's own time: it must be quick, and never throw. */
export interface Observer {
  stepped(step: Step): void;
}

/**
 * Something on this machine is wrong and will not mend itself: a kubeconfig that cannot be read, a folder that cannot be
 * written. The message is the whole sentence for the user; leader-exec ends with 125.
 */
export class LocalTrouble extends Error {
  override readonly name = "LocalTrouble";
}

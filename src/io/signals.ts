import { constants } from "node:os";
import type { SignalName } from "../core/types.ts";
import type { Signals } from "../world.ts";

/**
 * Signals that somebody may send to the command through us (the list of tini and dumb-init, without those that a process
 * sends to itself). Not in it: KILL and STOP cannot be caught; TSTP, TTIN, TTOU stop us as a shell expects; CHLD, PIPE and
 * XFSZ concern ourselves; SEGV, BUS, FPE, ILL, TRAP, ABRT, SYS are faults of ours. Real-time signals are out of Node's reach.
 */
const forwardable: readonly NodeJS.Signals[] = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
  "SIGURG",
  "SIGXCPU",
  "SIGVTALRM",
  "SIGPROF",
  "SIGWINCH",
  "SIGIO",
  "SIGPWR",
  "SIGSTKFLT",
];

/** Those that this platform knows, with their numbers. */
export const forwardableSignals: readonly (SignalName & { readonly name: NodeJS.Signals })[] = forwardable.flatMap(
  (name) => {
    const number = signalNumber(name);
    return number === null ? [] : [{ name, number }];
  },
);

/** The number of a signal on this platform; null when it has none. */
export function signalNumber(name: string): number | null {
  const numbers: Readonly<Partial<Record<string, number>>> = constants.signals;
  return numbers[name] ?? null;
}

/**
 * Catches every forwardable signal from now on (SIGUSR1 without a handler would open Node's inspector). What comes before
 * `listen` is kept for it.
 */
export function createSignals(): Signals {
  const early: SignalName[] = [];
  let tell = (signal: SignalName): void => void early.push(signal);
  const handlers = forwardableSignals.map((signal) => {
    const handler = (): void => tell({ name: signal.name, number: signal.number });
    process.on(signal.name, handler);
    return { name: signal.name, handler };
  });
  // SIGIO by its other name: signal-exit listens to it, and would end us if it were alone there.
  const alias = (): void => undefined;
  process.on("SIGPOLL", alias);
  return {
    listen: (listener) => {
      tell = listener;
      early.splice(0).forEach(listener);
    },
    close: () => {
      for (const { name, handler } of handlers) process.off(name, handler);
      process.off("SIGPOLL", alias);
    },
  };
}

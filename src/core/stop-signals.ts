/** Which signals ask leader-exec to stop, and what its command gets for them. */
import type { SignalName, Turn } from "./types.ts";

/** SIGTERM and SIGINT ask leader-exec to stop; every other signal is the command's own business. */
export function asksToStop({ name }: SignalName): boolean {
  return name === "SIGTERM" || name === "SIGINT";
}

/** What the command gets for this signal. */
export function replaced(signal: string, { me }: Turn): string {
  return signal === "SIGTERM" && me.stopSignalReplacesTerm ? me.stopSignal : signal;
}

/** What can be asked from outside; nothing of it is loaded when nobody was given an address to ask at. */
import { loadHealth } from "./io/load-bundle.ts";
import type { Options } from "./options.ts";
import { LocalTrouble, type Clock, type Log, type World } from "./world.ts";

export interface Health {
  /** The world for the loop: this one, looked on at. `lease`: null without election. */
  around(world: World, identity: string, lease: LeaseName | null): World;
  /** Nothing is answered any more. Does not wait for anything. */
  close(): void;
}

export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

const nobodyAsks: Health = { around: (world) => world, close: () => undefined };

/** Listens before anything is contended for. Throws LocalTrouble when it cannot. */
export async function openHealth(options: Options, clock: Clock, log: Log): Promise<Health> {
  const { probes, metrics } = options.health;
  if (probes === null && metrics === null) return nobodyAsks;
  const { startHealth } = await loadHealth();
  const leaseName = options.election ? options.leaseName : null;
  const started = await startHealth({ ...options.health, timing: options.timing, leaseName, clock, log });
  if (typeof started === "string") throw new LocalTrouble(started);
  return started;
}

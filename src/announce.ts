/** What the cluster is told of who leads; nothing of it is loaded when nobody asked for it. */
import type { Aside } from "./io/kubernetes-aside.ts";
import { loadAnnounce } from "./io/load-bundle.ts";
import type { LeaseName } from "./health.ts";
import type { Options } from "./options.ts";
import type { Clock, Log, World } from "./world.ts";

export interface Announcer {
  /** The world for the loop: this one, looked on at, and with a command and a store that see to the label. */
  around(world: World): World;
  /** Everything else is done: what is not told yet gets half a second more. */
  close(): Promise<void>;
}

const silent: Announcer = { around: (world) => world, close: () => Promise.resolve() };

/** `aside`: undefined without a cluster. */
export async function openAnnouncer(
  { announce, timing }: Options,
  aside: Aside | undefined,
  about: { readonly lease: LeaseName; readonly identity: string },
  clock: Clock,
  log: Log,
): Promise<Announcer> {
  if (aside === undefined || (!announce.events && announce.podLabel === null)) return silent;
  const { newAnnouncer } = await loadAnnounce();
  return newAnnouncer({ ...announce, ...about, timing, aside, clock, log });
}

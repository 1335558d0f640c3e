/** Waits until somebody else is the holder: on a watch, and by reading where the watch tells nothing. */
import type { StoredLease } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import { Bell } from "../io/bell.ts";
import type { Clock, LeaseStore, Watch } from "../world.ts";

export interface WaitParts {
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** Who was asked. */
  readonly holder: string;
  readonly until: Millis;
  /** Of one request. */
  readonly timeout: Millis;
}

export type Waited =
  /** `gap`: from its release to the next acquisition; null: it was not seen. */
  | { readonly kind: "handed-over"; readonly holder: string; readonly gap: Millis | null }
  | { readonly kind: "released" | "held" }
  | { readonly kind: "failed"; readonly message: string };

const readEvery: Millis = 1_000;
/** A read that fails this close to the end had no time: it says nothing of the server. */
const tooLate: Millis = 50;

/** Resolves at the latest at `until`. */
export async function waitForSuccessor({ store, clock, holder, until, timeout }: WaitParts): Promise<Waited> {
  const sight = new Sight(holder, clock);
  const watches = new Set<Watch>();
  let message: string | null = null;
  let isKnown = false;
  while (clock.now() < until) {
    const found = await store.read(Math.min(until, clock.now() + timeout));
    if (found.kind === "failed") {
      if (!isKnown || clock.now() < until - tooLate) message = found.message;
    } else {
      message = null;
      isKnown = true;
      sight.see(found.kind === "missing" ? null : found.lease);
    }
    if (sight.successor !== null) break;
    if (watches.size === 0 && found.kind === "found") {
      const watch: Watch = store.watch(found.lease.version, {
        changed: (lease) => sight.see(lease),
        deleted: () => sight.see(null),
        ended: () => watches.delete(watch),
      });
      watches.add(watch);
    }
    await sight.changed.rings(Math.min(readEvery, until - clock.now()));
  }
  for (const watch of watches) watch.close();
  if (sight.successor !== null) return { kind: "handed-over", holder: sight.successor, gap: sight.gap() };
  if (message !== null) return { kind: "failed", message };
  return { kind: sight.releasedAt === null ? "held" : "released" };
}

/** What was seen of the hand-over, and when: on our own clock, which both instants share. */
class Sight {
  /** Rings when there is a successor. */
  readonly changed = new Bell();
  successor: string | null = null;
  releasedAt: Millis | null = null;
  readonly #holder: string;
  readonly #clock: Clock;
  #takenAt: Millis = 0;

  constructor(holder: string, clock: Clock) {
    this.#holder = holder;
    this.#clock = clock;
  }

  see(lease: StoredLease | null): void {
    if (this.successor !== null) return;
    const holder = lease?.record.holder ?? "";
    if (holder === "") this.releasedAt ??= this.#clock.now();
    else if (holder !== this.#holder || this.releasedAt !== null) {
      this.successor = holder;
      this.#takenAt = this.#clock.now();
      this.changed.ring();
    }
  }

  gap(): Millis | null {
    return this.releasedAt === null ? null : this.#takenAt - this.releasedAt;
  }
}

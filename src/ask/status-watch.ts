/** `status --watch`: follows one Lease for as long as anybody reads, whatever becomes of watches and of the API server meanwhile. */
import type { ReadResult, StoredLease } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import { Bell } from "../io/bell.ts";
import type { LeaseStore, Watch } from "../world.ts";
import { factsOf, type Facts } from "./facts.ts";
import { changeOf } from "./status-change.ts";
import { codeOf } from "./status-rows.ts";
import { Teller } from "./status-teller.ts";
import type { Asked } from "./subcommand.ts";

export interface WatchParts extends Pick<Asked, "terminal" | "clock"> {
  readonly store: LeaseStore;
  readonly at: Pick<Facts, "namespace" | "name">;
  readonly form: "table" | "wide" | "json";
  readonly timeout: Millis;
  /** The first look has succeeded already. */
  readonly first: Exclude<ReadResult, { kind: "failed" }>;
}

/** The Lease is read this often although a watch tells of it: a broken connection is noticed, and the server's clock is known better. */
const readEvery: Millis = 5_000;
const retryEvery: Millis = 1_000;
/** Nobody gives us the verb `watch` within seconds; reads have to do. */
const forbiddenRetry: Millis = 60_000;

/** Resolves with the exit code when a signal comes or nobody reads any more. */
export async function watchLease(parts: WatchParts): Promise<number> {
  const follower = new Follower(parts);
  return follower.run();
}

class Follower {
  readonly #parts: WatchParts;
  readonly #bell = new Bell();
  readonly #teller: Teller;
  readonly #watches = new Set<Watch>();
  #lease: StoredLease | null = null;
  #facts: Facts | null = null;
  /** The server's time of day less our clock: told in whole seconds, so the largest that was seen is the nearest. */
  #offset: Millis = -Infinity;
  /** Since when nobody leads, on our clock. */
  #aloneSince: Millis | null = null;
  /** No watch is opened before this. */
  #watchAt: Millis = -Infinity;
  /** Infinity: a read is under way. */
  #readAt: Millis = Infinity;
  #isOver = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    const { form, at } = parts;
    const title = `leader-exec status ${at.name} -n ${at.namespace}`;
    this.#teller = new Teller({ ...parts, title, withNamespace: form === "wide", ofSeveral: false });
  }

  async run(): Promise<number> {
    const { terminal, clock, first } = this.#parts;
    const end = (): void => {
      this.#isOver = true;
      this.#bell.ring();
    };
    terminal.listen({ closed: end, asked: end, resized: () => this.#bell.ring() });
    this.#teller.open();
    this.#take(first);
    this.#readAt = clock.now() + readEvery;
    while (!this.#ended()) {
      if (clock.now() >= this.#readAt) this.#read();
      this.#look();
      await this.#bell.rings(Math.min(1_000, this.#readAt - clock.now()));
    }
    for (const watch of this.#watches) watch.close();
    this.#teller.close(this.#facts === null ? [] : [this.#facts], this.#now());
    return this.#facts === null ? 0 : codeOf(this.#facts);
  }

  /** Asks without waiting for it: a server that hangs stops neither the ages on the screen nor Ctrl-C. */
  #read(): void {
    const { store, clock, timeout } = this.#parts;
    this.#readAt = Infinity;
    void store.read(clock.now() + timeout).then((found) => {
      if (this.#isOver) return; // closing cuts it off
      this.#take(found);
      this.#readAt = clock.now() + (this.#watches.size === 0 ? retryEvery : readEvery);
      this.#bell.ring();
    });
  }

  #ended(): boolean {
    return this.#isOver;
  }

  /** From a version that was just read: news are missed by none. */
  #watch(): void {
    const openedAt = this.#parts.clock.now();
    const watch: Watch = this.#parts.store.watch(this.#lease?.version ?? null, {
      changed: (lease) => {
        this.#lease = lease;
        this.#look();
      },
      deleted: () => {
        this.#lease = null;
        this.#look();
      },
      ended: (reason) => {
        const now = this.#parts.clock.now();
        this.#watches.delete(watch);
        this.#watchAt = now + (reason === "forbidden" ? forbiddenRetry : now < openedAt + retryEvery ? retryEvery : 0);
        if (this.#readAt !== Infinity) this.#readAt = Math.min(this.#readAt, this.#watchAt, now + retryEvery);
        this.#bell.ring();
      },
    });
    this.#watches.add(watch);
  }

  #take(found: ReadResult): void {
    const { clock } = this.#parts;
    this.#teller.trouble(found.kind === "failed" ? found.message : null, "the Lease can be read again");
    if (found.kind === "failed") {
      this.#look();
      return;
    }
    const serverTime = found.kind === "found" ? found.serverTime : undefined;
    this.#offset = Math.max(this.#offset, (serverTime ?? clock.wall()) - clock.now());
    this.#lease = found.kind === "found" ? found.lease : null;
    this.#look();
    if (this.#watches.size === 0 && clock.now() >= this.#watchAt) this.#watch();
  }

  /** What is known now, and whether that is news: a Lease expires without anybody telling. */
  #look(): void {
    const { at, clock } = this.#parts;
    const now = this.#now();
    const facts = factsOf(at, this.#lease, now);
    const alone = this.#aloneSince === null ? null : clock.now() - this.#aloneSince;
    const change = changeOf(this.#facts, facts, facts.holder === "" ? null : alone);
    const hadHolder = this.#facts !== null && this.#facts.holder !== "";
    this.#facts = facts;
    if (facts.holder !== "") this.#aloneSince = null;
    else if (hadHolder) this.#aloneSince ??= clock.now();
    if (change !== null) this.#teller.tell(change, facts, now);
    this.#teller.draw([facts], now);
  }

  #now(): Millis {
    return this.#parts.clock.now() + this.#offset;
  }
}

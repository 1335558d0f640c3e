import type { Socket } from "node:net";

/**
 * What happens to bytes on their way in one direction:
 * - `pass`: delivered, after the delay if there is one
 * - `hold`: kept, and delivered in order when this ends, as TCP does after a short interruption
 * - `drop`: gone. A connection that lost bytes stays dead in this direction also later: better silent than torn
 */
export type Mode = "pass" | "hold" | "drop";

/** The state of one direction, shared by the lanes of all connections. */
export interface Direction {
  mode: Mode;
  delayMs: number;
  /** Bytes delivered so far. */
  bytes: number;
}

/** What travels: bytes, or the end of the connection, tidy (FIN) or not (RST). */
type Cargo = Buffer | "end" | "reset";

/** One direction of one connection. */
export class Lane {
  readonly #direction: Direction;
  readonly #sink: (open: boolean) => Socket | undefined;
  #queue: { due: number; cargo: Cargo }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lost = false;
  #severed = false;

  /** `sink` gives the socket to deliver to, and opens it if asked: only bytes are worth a new connection. */
  constructor(direction: Direction, sink: (open: boolean) => Socket | undefined) {
    this.#direction = direction;
    this.#sink = sink;
  }

  /** Takes what came in; it is delivered, kept or lost as the direction is now. */
  push(cargo: Cargo): void {
    if (this.#direction.mode === "drop" || this.#lost) {
      if (typeof cargo === "string") this.#severed = true;
      else this.#lost = true;
    } else {
      this.#queue.push({ due: performance.now() + this.#direction.delayMs, cargo });
    }
    this.flow();
  }

  /** Delivers what is due; called again whenever the direction changes. */
  flow(): void {
    clearTimeout(this.#timer);
    if (this.#direction.mode === "drop") {
      this.#lost ||= this.#queue.some(({ cargo }) => typeof cargo !== "string");
      this.#severed ||= this.#queue.some(({ cargo }) => typeof cargo === "string");
      this.#queue = [];
    }
    if (this.#direction.mode !== "pass") return;
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.flow(), wait);
        return;
      }
      this.#queue.shift();
      this.#deliver(next.cargo);
    }
    if (this.#severed) this.#deliver("reset");
  }

  /** True when nothing is under way that `flow` could still deliver. */
  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** Forgets everything: the connection is over. */
  close(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#severed = false;
  }

  #deliver(cargo: Cargo): void {
    const sink = this.#sink(typeof cargo !== "string");
    if (!sink || sink.destroyed) return;
    if (cargo === "end") sink.end();
    else if (cargo === "reset") sink.resetAndDestroy();
    else {
      this.#direction.bytes += cargo.length;
      sink.write(cargo);
    }
  }
}

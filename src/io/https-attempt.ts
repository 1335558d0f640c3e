/** One attempt to get an answer over the network: one deadline for credentials, name look-up, handshakes and answer. */
import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";

/** What is being waited for: the sentence about a time-out depends on it. */
export type Stage = "credentials" | "connection" | "answer";

/** The deadline has passed. */
export class TimeOver extends Error {
  override readonly name = "TimeOver";
  readonly stage: Stage;
  readonly limit: Millis;

  constructor(stage: Stage, limit: Millis) {
    super(`no ${stage} within ${limit} ms`);
    this.stage = stage;
    this.limit = limit;
  }
}

export class Attempt {
  stage: Stage = "credentials";
  readonly #clock: Clock;
  readonly #deadline: Millis;
  readonly #limit: Millis;
  readonly #controller = new AbortController();
  readonly #over: Promise<never>;
  readonly #timer: NodeJS.Timeout;

  constructor(clock: Clock, deadline: Millis) {
    this.#clock = clock;
    this.#deadline = deadline;
    this.#limit = this.remaining();
    this.#over = new Promise((_, reject) => {
      this.signal.addEventListener("abort", () => reject(this.signal.reason as Error));
    });
    this.#over.catch(() => undefined); // whoever is within() hears of it; nobody may be
    this.#timer = setTimeout(() => this.#timeOver(), this.#limit);
  }

  /** Fires when the deadline passes or the attempt is aborted: sockets that belong to it are destroyed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Time left, at least 0. */
  remaining(): Millis {
    return Math.max(0, this.#deadline - this.#clock.now());
  }

  /** The work's result, or a rejection with TimeOver when that comes first. */
  within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over]);
  }

  /** Before something is sent. The timer may not have had its turn yet: a process that was frozen goes on in the middle. */
  throwIfOver(): void {
    if (this.remaining() === 0) this.#timeOver();
    this.signal.throwIfAborted();
  }

  abort(reason: Error): void {
    this.end();
    this.#controller.abort(reason);
  }

  /** Must be called when the attempt is done, whatever came of it. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #timeOver(): void {
    this.abort(new TimeOver(this.stage, this.#limit));
  }
}

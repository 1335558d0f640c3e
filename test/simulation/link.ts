/**
 * The way between one candidate and the API: delays, requests that are lost, answers that are lost after the write was
 * applied, requests that arrive twice (a proxy or a client library tries again), cuts in which packets vanish or are held
 * back until the cut is healed (TCP sends them again, long after the client gave up), errors, answers from an older state.
 */
import type { ReadResult, StoreFailure } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import type { WatchListener } from "../../src/world.ts";
import type { Scenario } from "./scenario.ts";
import type { Change } from "./sim-api.ts";
import type { Sim } from "./sim.ts";

const silence = { lost: 0, unanswered: 0, twice: 0 };

type Way = "out" | "back";

const unreachable: StoreFailure = { kind: "failed", reason: "unreachable", message: "connection refused" };

export class Link {
  /** Added to each way, a random share of it. */
  slow: Millis = 0;
  /** Answers alone come later by this, more or less. */
  slowAnswers: Millis = 0;
  /** Share of messages lost in addition to the scenario's noise. */
  loss = 0;
  #cuts = { out: 0, back: 0 };
  #held: { way: Way; action: () => void }[] = [];
  #watches = new Set<SimWatch>();
  readonly #sim: Sim;
  readonly #delay: Millis;

  constructor(sim: Sim, delay: Millis) {
    this.#sim = sim;
    this.#delay = delay;
  }

  cut(ways: readonly Way[], span: Millis): void {
    for (const way of ways) this.#cuts[way]++;
    this.#sim.agenda.after(span, () => {
      for (const way of ways) this.#cuts[way]--;
      const free = this.#held.filter(({ way }) => this.#cuts[way] === 0);
      this.#held = this.#held.filter(({ way }) => this.#cuts[way] > 0);
      for (const { way, action } of free) this.travel(way, action);
    });
  }

  ask<T>(apply: () => T, answered: (result: T | StoreFailure) => void): void {
    const { dice } = this.#sim;
    if (dice.chance(this.#noise().lost + this.loss)) return;
    this.travel("out", () => this.#arrive(apply, answered));
  }

  read(): ReadResult {
    const { dice, api, agenda, scenario } = this.#sim;
    if (scenario.stale.share === 0 || !dice.chance(scenario.stale.share)) return api.read();
    return api.readAsOf(agenda.now - dice.between(0, scenario.stale.age));
  }

  watch(since: string | null, listener: WatchListener): SimWatch {
    const watch = new SimWatch(this.#sim, this, listener, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    this.travel("out", () => watch.open(since));
    return watch;
  }

  endWatches(reason: "closed" | "forbidden" | "failed"): void {
    for (const watch of [...this.#watches]) watch.end(reason);
  }

  muteWatches(): void {
    for (const watch of this.#watches) watch.mute();
  }

  isCut(way: Way): boolean {
    return this.#cuts[way] > 0;
  }

  /** Runs the action when the message has arrived, if ever; `kept`: a cut holds it back, but does not lose it. */
  travel(way: Way, action: () => void, kept = false): void {
    const { agenda, dice } = this.#sim;
    if (this.#cuts[way] > 0) {
      if (kept || dice.chance(0.5)) this.#held.push({ way, action });
      return;
    }
    const tail = dice.chance(0.02) ? dice.between(0, 400) : 0;
    const delay =
      this.#delay * dice.between(0.5, 1.5) +
      tail +
      this.slow * dice.next() +
      (way === "back" ? this.slowAnswers * dice.between(0.5, 1.2) : 0);
    agenda.after(delay, action);
  }

  #noise(): Scenario["noise"] {
    const { agenda, scenario } = this.#sim;
    return agenda.now < scenario.calmFrom ? scenario.noise : silence;
  }

  #arrive<T>(apply: () => T, answered: (result: T | StoreFailure) => void): void {
    const { agenda, dice, errors } = this.#sim;
    const answer = (result: T | StoreFailure): void => {
      if (!dice.chance(this.#noise().unanswered + this.loss)) this.travel("back", () => answered(result));
    };
    if (errors !== null && dice.chance(errors.share)) {
      const retryAfter = errors.retryAfter === 0 ? {} : { retryAfter: errors.retryAfter };
      if (dice.chance(0.3)) apply();
      answer({ kind: "failed", reason: "server-error", message: "HTTP 500", ...retryAfter });
      return;
    }
    const result = apply();
    if (!dice.chance(this.#noise().twice)) answer(result);
    else if (dice.chance(0.3)) answer(dice.chance(0.5) ? apply() : { ...unreachable });
    else {
      answer(result);
      agenda.after(dice.between(1, 5_000), apply);
    }
  }
}

/** A watch delivers in order; one that is mute, or whose packets vanish, just tells nothing more. */
export class SimWatch {
  readonly #sim: Sim;
  readonly #link: Link;
  readonly #listener: WatchListener;
  readonly #forget: () => void;
  #unsubscribe: () => void = () => undefined;
  #closed = false;
  #mute = false;
  /** Arrives in order. */
  readonly #onTheWay: (() => void)[] = [];

  constructor(sim: Sim, link: Link, listener: WatchListener, forget: () => void) {
    this.#sim = sim;
    this.#link = link;
    this.#listener = listener;
    this.#forget = forget;
  }

  open(since: string | null): void {
    if (this.#closed) return;
    const { api, agenda } = this.#sim;
    const missed = since === null ? [{ at: 0, revision: 0, lease: api.lease }] : api.changesAfter(since);
    if (missed === null) {
      this.end("closed");
      return;
    }
    for (const change of missed) if (change.lease !== null || since !== null) this.#send(change);
    this.#unsubscribe = api.subscribe((change) => this.#send(change));
    // The server ends each watch after some time.
    agenda.after(this.#sim.dice.between(5_000, 60_000), () => this.end("closed"));
  }

  mute(): void {
    this.#mute = true;
  }

  end(reason: "closed" | "forbidden" | "failed"): void {
    if (this.#closed || this.#mute) return;
    this.#unsubscribe();
    this.#tell(() => {
      this.close();
      this.#listener.ended(reason);
    });
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#forget();
  }

  #send({ lease }: Change): void {
    if (this.#mute) return;
    this.#tell(() => {
      if (lease === null) this.#listener.deleted();
      else this.#listener.changed(lease);
    });
  }

  #tell(action: () => void): void {
    if (this.#link.isCut("back") && this.#sim.dice.chance(0.3)) this.#mute = true;
    if (this.#mute) return;
    this.#onTheWay.push(action);
    const arrive = (): void => {
      const first = this.#onTheWay.shift();
      if (!this.#closed) first?.();
    };
    this.#link.travel("back", arrive, true);
  }
}

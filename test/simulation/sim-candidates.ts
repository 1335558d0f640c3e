/** The LeaseCandidates on the API server. */
import type { AskAnswer } from "../../src/core/candidacy-types.ts";
import type { Millis } from "../../src/core/types.ts";
import type { Agenda } from "./agenda.ts";
import { serverEpoch } from "./sim-api.ts";

export interface SimLeaseCandidate {
  readonly name: string;
  readonly version: number;
  readonly binaryVersion: string;
  readonly createdAt: Millis;
  readonly renewTime: Millis;
  readonly pingTime: Millis | null;
}

export class SimCandidates {
  readonly #agenda: Agenda;
  readonly #all = new Map<string, SimLeaseCandidate>();
  readonly #subscribers = new Set<(name: string, candidate: SimLeaseCandidate | null) => void>();
  #versions = 0;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  all(): SimLeaseCandidate[] {
    return [...this.#all.values()];
  }

  read(name: string): AskAnswer {
    return this.#answer(this.#all.get(name));
  }

  create(name: string, binaryVersion: string, renewTime: Millis): AskAnswer {
    if (this.#all.has(name)) return { kind: "conflict" };
    const { now: createdAt } = this.#agenda;
    return this.#store({ name, version: 0, binaryVersion, createdAt, renewTime, pingTime: null });
  }

  /** A compare-and-swap. */
  renew(name: string, version: string, renewTime: Millis): AskAnswer {
    const known = this.#all.get(name);
    if (known === undefined) return { kind: "missing" };
    return String(known.version) === version ? this.#store({ ...known, renewTime }) : { kind: "conflict" };
  }

  ping(name: string, pingTime: Millis): void {
    const known = this.#all.get(name);
    if (known !== undefined) this.#store({ ...known, pingTime });
  }

  delete(name: string): AskAnswer {
    const isThere = this.#all.delete(name);
    if (isThere) for (const tell of this.#subscribers) tell(name, null);
    return { kind: isThere ? "deleted" : "missing" };
  }

  subscribe(tell: (name: string, candidate: SimLeaseCandidate | null) => void): () => void {
    this.#subscribers.add(tell);
    return () => this.#subscribers.delete(tell);
  }

  #store(candidate: SimLeaseCandidate): AskAnswer {
    const next = { ...candidate, version: ++this.#versions };
    this.#all.set(next.name, next);
    for (const tell of this.#subscribers) tell(next.name, next);
    return this.#answer(next);
  }

  #answer(candidate: SimLeaseCandidate | undefined): AskAnswer {
    if (candidate === undefined) return { kind: "missing" };
    const serverTime = Math.floor((serverEpoch + this.#agenda.now) / 1000) * 1000;
    return { kind: "stored", candidate: storedOf(candidate), serverTime };
  }
}

export function storedOf({ version, pingTime, renewTime }: SimLeaseCandidate) {
  const micros = { pingTime: pingTime === null ? null : pingTime * 1000, renewTime: renewTime * 1000 };
  return { version: String(version), ...micros, object: null };
}

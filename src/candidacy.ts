/** The loop of the candidacy, beside that of the candidate (run.ts): next event or timer, step, perform the effects. No policy. */
import { candidacyStep, candidacyWake, newCandidacy } from "./core/candidacy.ts";
import type {
  AskAnswer,
  Candidacy,
  CandidacyEffect,
  CandidacyEvent,
  CandidacyTurn,
  Profile,
  Wish,
} from "./core/candidacy-types.ts";
import { LeaseCandidates } from "./io/lease-candidates.ts";
import type { KubernetesPeer } from "./io/kubernetes-peer.ts";
import type { Clock, Elections, Log, Watch, World } from "./world.ts";

/** A timer does not count the time in suspend: so late it may be after one. */
const longestSleep = 5_000;

export interface CandidacyWorld {
  readonly peer: KubernetesPeer;
  readonly clock: Clock;
  readonly log: Log;
  readonly wakeIn: World["wakeIn"];
}

export interface OpenCandidacy extends Elections {
  /** Takes the candidacy back; resolves when it is, or cannot be had. */
  leave(): Promise<void>;
}

/** Begins at once. */
export function openCandidacy(world: CandidacyWorld, profile: Profile): OpenCandidacy {
  return new CandidacyLoop(world, profile);
}

class CandidacyLoop implements OpenCandidacy {
  readonly #world: CandidacyWorld;
  readonly #profile: Profile;
  readonly #candidates: LeaseCandidates;
  readonly #queue: CandidacyEvent[] = [];
  #state: Candidacy;
  #stepping = false;
  #watch: Watch | null = null;
  #changed: () => void = () => undefined;
  #left: () => void = () => undefined;

  constructor(world: CandidacyWorld, profile: Profile) {
    this.#world = world;
    this.#profile = profile;
    this.#candidates = new LeaseCandidates(world.peer, profile);
    this.#state = newCandidacy(this.#turn());
    this.#deliver({ kind: "tick" });
  }

  get elector(): Elections["elector"] {
    return this.#state.elector;
  }

  listen(changed: () => void): void {
    this.#changed = changed;
  }

  wish(wish: Wish): void {
    this.#deliver({ kind: "wish", wish });
  }

  leave(): Promise<void> {
    return new Promise((resolve) => {
      this.#left = resolve;
      this.wish("leave");
    });
  }

  #turn(): CandidacyTurn {
    const { clock } = this.#world;
    return { at: clock.now(), wall: clock.wall(), profile: this.#profile };
  }

  #deliver(event: CandidacyEvent): void {
    this.#queue.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    const { elector } = this.#state;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const [state, effects] = candidacyStep(this.#state, next, this.#turn());
      this.#state = state;
      for (const effect of effects) this.#perform(effect);
    }
    this.#stepping = false;
    this.#sleep();
    if (this.#state.elector !== elector) this.#changed();
  }

  #sleep(): void {
    const due = candidacyWake(this.#state) - this.#world.clock.now();
    const tick = (): void => this.#deliver({ kind: "tick" });
    this.#world.wakeIn(Math.min(Math.max(0, due), longestSleep), due === Infinity ? null : tick);
  }

  #perform(effect: CandidacyEffect): void {
    switch (effect.kind) {
      case "ask":
        void this.#candidates.ask(effect.ask, effect.deadline).then((answer) => this.#answer(effect.id, answer));
        return;
      case "watch":
        this.#watch?.close();
        this.#watch = this.#candidates.watch(effect.api, effect.since, {
          changed: (candidate) => this.#deliver({ kind: "watched", candidate }),
          deleted: () => this.#deliver({ kind: "watched-deletion" }),
          ended: (reason) => this.#deliver({ kind: "watch-ended", reason }),
        });
        return;
      case "unwatch":
        this.#watch?.close();
        return;
      case "tell":
        this.#world.log.write(effect.line);
        return;
      case "left":
        this.#watch?.close();
        this.#left();
    }
  }

  #answer(id: number, answer: AskAnswer): void {
    this.#deliver({ kind: "answered", id, answer });
  }
}

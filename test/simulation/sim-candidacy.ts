/** The loop of src/candidacy.ts over the simulated network: requests and news get lost, and come late. */
import { candidacyStep, candidacyWake, newCandidacy } from "../../src/core/candidacy.ts";
import type {
  Ask,
  AskAnswer,
  Candidacy,
  CandidacyEvent,
  CandidacyTurn,
  Profile,
} from "../../src/core/candidacy-types.ts";
import { offsetLimit } from "../../src/core/server-taker.ts";
import type { Millis } from "../../src/core/types.ts";
import type { Entry } from "./agenda.ts";
import type { SimCoordination } from "./coordinated.ts";
import { storedOf } from "./sim-candidates.ts";
import type { SimCandidate } from "./sim-candidate.ts";
import type { Sim } from "./sim.ts";

export class SimCandidacy {
  state: Candidacy;
  readonly #sim: Sim;
  readonly #owner: SimCandidate;
  readonly #profile: Profile;
  #wake: Entry | null = null;
  #unsubscribe: () => void = () => undefined;

  constructor(sim: Sim, owner: SimCandidate, { mode, version: binaryVersion }: SimCoordination) {
    this.#sim = sim;
    this.#owner = owner;
    const { identity, timing } = owner.me;
    const versions = { binaryVersion, emulationVersion: binaryVersion, strategy: "OldestEmulationVersion" };
    this.#profile = { identity, lease: "job", ...versions, mode, offsetLimit: offsetLimit(timing) };
    this.state = newCandidacy(this.#turn());
  }

  deliver(event: CandidacyEvent): void {
    if (this.#owner.over) return;
    const { elector } = this.state;
    const [next, effects] = candidacyStep(this.state, event, this.#turn());
    this.state = next;
    for (const effect of effects) {
      if (effect.kind === "ask") this.#ask(effect.id, effect.ask, effect.deadline);
      else if (effect.kind === "watch") this.#watch();
      else if (effect.kind === "unwatch") this.#unsubscribe();
    }
    this.#sleep();
    if (this.state.elector !== elector) this.#owner.deliver({ kind: "tick" });
  }

  /** The process has ended; when it ended well it took its candidacy back. */
  end(): void {
    this.#unsubscribe();
    if (this.#wake !== null) this.#wake.action = null;
  }

  #turn(): CandidacyTurn {
    const { machine } = this.#owner;
    return { at: machine.clock(), wall: Math.floor(machine.wall()), profile: this.#profile };
  }

  #sleep(): void {
    const { machine } = this.#owner;
    if (this.#wake !== null) this.#wake.action = null;
    const due = candidacyWake(this.state) - machine.clock();
    if (due === Infinity) return;
    const tick = (): void => this.#owner.whenAwake(() => this.deliver({ kind: "tick" }), true);
    this.#wake = this.#sim.agenda.after(Math.max(0, due) / machine.setup.rate + machine.lateness(), tick);
  }

  #ask(id: number, ask: Ask, deadline: Millis): void {
    const { agenda } = this.#sim;
    const { machine } = this.#owner;
    let isOver = false;
    const answer = (result: AskAnswer): void => {
      if (isOver) return;
      isOver = true;
      this.#owner.whenAwake(() => this.deliver({ kind: "answered", id, answer: result }));
    };
    agenda.at(machine.trueTime(deadline), () => answer({ kind: "failed", reason: "timeout", message: "no answer" }));
    machine.link.ask<AskAnswer>(() => this.#apply(ask), answer);
  }

  #apply(ask: Ask): AskAnswer {
    const { candidates } = this.#sim;
    const { identity, binaryVersion } = this.#profile;
    switch (ask.kind) {
      case "discover":
        return { kind: "served", api: "v1beta1" };
      case "create":
        return candidates.create(identity, binaryVersion, ask.renewTime / 1000);
      case "update":
        return candidates.renew(identity, ask.base.version, ask.renewTime / 1000);
      case "read":
        return candidates.read(identity);
      case "delete":
        return candidates.delete(identity);
      case "list":
        return { kind: "rivals", rivals: [] };
    }
  }

  /** News are lost at times, without the watch being ended by that. */
  #watch(): void {
    this.#unsubscribe();
    const { candidates, dice, scenario, agenda } = this.#sim;
    const { link } = this.#owner.machine;
    this.#unsubscribe = candidates.subscribe((name, candidate) => {
      if (name !== this.#profile.identity) return;
      if (agenda.now < scenario.calmFrom && dice.chance(0.1)) return;
      link.travel("back", () =>
        this.#owner.whenAwake(() =>
          this.deliver(
            candidate === null ? { kind: "watched-deletion" } : { kind: "watched", candidate: storedOf(candidate) },
          ),
        ),
      );
    });
  }
}

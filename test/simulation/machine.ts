/** A machine: its clock, its way to the API, and one leader-exec at a time, started again under a new identity when it ended. */
import { service, type Job } from "../../src/core/job.ts";
import type { Candidate, Millis } from "../../src/core/types.ts";
import { Dice } from "./dice.ts";
import { coordinationOf, type SimCoordination } from "./coordinated.ts";
import { jobOf } from "./jobs.ts";
import { Link } from "./link.ts";
import { onceJobOf } from "./once.ts";
import type { MachineSetup } from "./scenario.ts";
import { scheduledJobOf } from "./schedule.ts";
import { SimCandidate } from "./sim-candidate.ts";
import type { Sim } from "./sim.ts";

export class Machine {
  readonly setup: MachineSetup;
  readonly link: Link;
  /** What its candidates tell the server; null: nothing. */
  readonly coordination: SimCoordination | null;
  /** It has the right to write the Lease. */
  readonly mayWrite: boolean;
  wallSteps: Millis = 0;
  candidate: SimCandidate;
  readonly #sim: Sim;
  readonly #number: number;
  readonly #dice: Dice;
  #starts = 0;

  constructor(sim: Sim, number: number, setup: MachineSetup) {
    this.#sim = sim;
    this.#number = number;
    this.setup = setup;
    this.link = new Link(sim, setup.delay);
    this.#dice = new Dice(1_000 * sim.scenario.seed + number);
    const { seed, coordinated, plain, forbidden } = sim.scenario;
    this.mayWrite = forbidden !== number;
    this.coordination = coordinated && !plain.includes(number) ? coordinationOf(new Dice(seed + 77 * number)) : null;
    this.candidate = this.#newCandidate();
  }

  /** This machine's own clock: it has an offset and a rate of its own. */
  clock(): Millis {
    return this.setup.offset + this.setup.rate * this.#sim.agenda.now;
  }

  wall(): Millis {
    return this.setup.wallOffset + this.wallSteps + this.#sim.agenda.now;
  }

  /** True time of a time of this machine's clock. */
  trueTime(local: Millis): Millis {
    return (local - this.setup.offset) / this.setup.rate;
  }

  boot(): void {
    this.candidate = this.#newCandidate();
    this.candidate.begin();
  }

  /** Something that must be on time is late: mostly by little, at times by almost all of m. */
  lateness(): Millis {
    const { dice } = this.#sim;
    return dice.chance(0.03) ? dice.between(0, 450) : dice.between(0, 5);
  }

  #newCandidate(): SimCandidate {
    const me: Candidate = {
      identity: `${"abcd".charAt(this.#number)}${++this.#starts}`,
      timing: this.setup.timing,
      stopSignal: "SIGTERM",
      stopSignalReplacesTerm: false,
      job: this.#job(),
    };
    return new SimCandidate(this.#sim, this, me);
  }

  #job(): Job {
    const { scenario, agenda } = this.#sim;
    const { leaseDuration } = this.setup.timing;
    if (scenario.schedule !== null) return scheduledJobOf(scenario.schedule, this.#dice);
    if (scenario.once) return onceJobOf(this.#dice, this.clock(), agenda.now, leaseDuration);
    return scenario.jobs ? jobOf(this.#dice, this.clock(), leaseDuration) : service;
  }
}

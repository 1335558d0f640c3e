import { freemem } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { Program } from "./program.ts";
import { stamped, stampsIn } from "./stamps.ts";

/** How one kind of candidate is started, seen to stand by, and made to hand over. */
export interface Kind {
  readonly start: (lease: string, stamps: string) => Program | Promise<Program>;
  readonly standsBy: RegExp;
  /** Its own memory in MiB, guard included and generously. */
  readonly memory: number;
}

/** So many start at a time: more would only wait for each other's processors. */
const together = 4;
/** In MiB; left to the servers, to this process and to everybody else. */
const reserve = 2048;
/** Who lost the race has asked and been answered long before. */
const quietAgain = 1_000;

/** When one command ended and the next one began, in milliseconds of CLOCK_MONOTONIC. */
export interface HandOver {
  readonly endedAt: number;
  readonly startedAt: number;
}

/** As many of these as this machine has memory for. */
export function roomFor(kind: Kind, wanted: number): number {
  return Math.max(1, Math.min(wanted, Math.floor((freemem() / 2 ** 20 - reserve) / kind.memory)));
}

/** One holder and its standbys, all for one Lease. */
export class Crowd {
  readonly #kind: Kind;
  readonly #lease: string;
  readonly #stamps: string;
  readonly #programs = new Set<Program>();
  #handOvers = 0;

  private constructor(kind: Kind, lease: string, stamps: string) {
    this.#kind = kind;
    this.#lease = lease;
    this.#stamps = stamps;
  }

  /** Resolves when one holds the Lease. */
  static async open(kind: Kind, lease: string, stamps: string): Promise<Crowd> {
    const crowd = new Crowd(kind, lease, stamps);
    await crowd.#start();
    await stamped(stamps, "start");
    return crowd;
  }

  /** Resolves when they stand by. */
  async add(standbys: number, started: (all: number) => void): Promise<void> {
    for (let all = 0; all < standbys; all += together) {
      const group = Array.from({ length: Math.min(together, standbys - all) }, () => this.#start());
      await Promise.all(group.map(async (one) => (await one).says(this.#kind.standsBy)));
      started(all + group.length);
    }
  }

  /**
   * Ends the command at work, and brings in a new standby once the next one is at work and all is quiet. Throws when not
   * exactly one other command was started for it, after the first one's end.
   */
  async handOver(): Promise<HandOver> {
    const nth = this.#handOvers++;
    const { pid } = await stamped(this.#stamps, "start", nth);
    process.kill(pid, "SIGTERM");
    const { at: startedAt } = await stamped(this.#stamps, "start", nth + 1);
    const { at: endedAt } = await stamped(this.#stamps, "end", nth);
    const gone = await Promise.race([...this.#programs].map((program) => program.exited.then(() => program)));
    await pause(quietAgain);
    const starts = stampsIn(this.#stamps).filter(({ what }) => what === "start").length;
    if (starts !== nth + 2 || startedAt < endedAt)
      throw new Error(
        `${this.#lease}: ${starts - nth - 1} commands took over, the first ${startedAt - endedAt} ms after`,
      );
    this.#programs.delete(gone);
    return { endedAt, startedAt };
  }

  async replace(): Promise<void> {
    const newcomer = await this.#start();
    await newcomer.says(this.#kind.standsBy);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.kill()));
  }

  async #start(): Promise<Program> {
    const program = await this.#kind.start(this.#lease, this.#stamps);
    this.#programs.add(program);
    return program;
  }
}

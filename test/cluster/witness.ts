import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { until } from "../lab/until.ts";

/** One process of a command, from its first to its last sign of life. Times are milliseconds of CLOCK_BOOTTIME. */
export interface Life {
  /** The uid of its pod. */
  readonly pod: string;
  readonly identity: string;
  readonly token: string;
  readonly root: boolean;
  readonly first: number;
  last: number;
  /** How often it gave a sign. */
  signs: number;
  /** It ended by itself. */
  stopped: boolean;
  /** It found the lock taken: another command was still there. */
  refused: boolean;
}

interface Journal {
  offset: number;
  rest: string;
  /** By process id: of one pod only, for others count theirs from 1 on as well. */
  readonly byPid: Map<string, Life>;
}

const million = 1e6;

/**
 * What the commands of all pods tell of themselves, in one journal for each pod (see test/faults/probe.c); it asks neither
 * leader-exec nor Kubernetes. All nodes are one machine, so all journals have one clock and the lock is one file.
 */
export class Witness {
  readonly folder: string;
  readonly #journals = new Map<string, Journal>();
  readonly #lives: Life[] = [];
  /** CLOCK_REALTIME and CLOCK_MONOTONIC minus CLOCK_BOOTTIME. */
  #wall = 0;
  #steady = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** In the order of their starts. */
  lives(): readonly Life[] {
    for (const name of readdirSync(this.folder)) if (name !== "lock") this.#readOn(name);
    return this.#lives.sort((a, b) => a.first - b.first);
  }

  /** The commands themselves, without what they started. */
  roots(): readonly Life[] {
    return this.lives().filter(({ root }) => root);
  }

  /** The only command that gave a sign of life just now. */
  only(): Life | undefined {
    const running = this.lives().filter((life) => !life.stopped && this.now() - life.last < 100);
    return running.length === 1 ? running[0] : undefined;
  }

  /** The last sign of life so far. */
  lastSign(life: Life): number {
    this.lives();
    return life.last;
  }

  /** The first command that begins after this one of another leader-exec, or of another run. */
  next(after: Life, within = 120_000): Promise<Life> {
    return until("another command begins", () => this.roots().find(({ first }) => first > after.first), within);
  }

  /** Every sign that two commands were at work at once. */
  overlaps(): string[] {
    const lives = this.lives();
    return lives.flatMap((later, index) => {
      const taken = later.refused ? [`${later.identity} found the lock of another command taken`] : [];
      const met = lives
        .slice(0, index)
        .filter(({ identity, last }) => identity !== later.identity && later.first <= last)
        .map(
          (one) =>
            `${later.identity} began ${(one.last - later.first).toFixed(1)} ms before the end of ${one.identity}`,
        );
      return [...taken, ...met];
    });
  }

  /** Now, on the clock of the journals. */
  now(): number {
    return Number(process.hrtime.bigint()) / million - this.#steady;
  }

  /** A time of the journals as time of day. */
  wallOf(time: number): number {
    return time + this.#wall;
  }

  #readOn(name: string): void {
    const journal = this.#journals.get(name) ?? { offset: 0, rest: "", byPid: new Map<string, Life>() };
    this.#journals.set(name, journal);
    const file = openSync(join(this.folder, name), "r");
    try {
      const buffer = Buffer.alloc(fstatSync(file).size - journal.offset);
      journal.offset += readSync(file, buffer, 0, buffer.length, journal.offset);
      const lines = (journal.rest + buffer.toString("latin1")).split("\n");
      journal.rest = lines.pop() ?? "";
      for (const line of lines) this.#take(name, journal, line.split(" "));
    } finally {
      closeSync(file);
    }
  }

  #take(pod: string, { byPid }: Journal, [stamp, pid = "", event, ...more]: readonly string[]): void {
    const at = Number(stamp) / million;
    if (event === "start") {
      const [, kind, identity = "", token = "", wall, steady] = more;
      this.#wall = Number(wall) / million - at;
      this.#steady = Number(steady) / million - at;
      const life = { pod, identity, token, root: kind === "root", first: at, last: at, signs: 1 };
      byPid.set(pid, { ...life, stopped: false, refused: false });
      this.#lives.push(byPid.get(pid) as Life);
      return;
    }
    const life = byPid.get(pid);
    if (life === undefined) throw new Error(`the journal of ${pod} tells of ${pid}, which never started`);
    life.last = Math.max(life.last, at);
    life.signs += 1;
    if (event === "stop") life.stopped = true;
    if (event === "refused") life.refused = true;
  }
}

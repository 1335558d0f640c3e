import { closeSync, fstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { basename, join } from "node:path";
import { until } from "../lab/index.ts";

/** One process of a command, from its first to its last sign of life. Times are milliseconds of CLOCK_BOOTTIME. */
export interface Life {
  readonly pid: number;
  readonly parent: number;
  readonly kind: "root" | "child";
  readonly identity: string;
  readonly token: string;
  readonly signals: number[];
  readonly first: number;
  last: number;
  /** It ended by itself. */
  stopped: boolean;
  /** It found the lock taken: another command's tree was still there. */
  refused: boolean;
}

/** All processes that one candidate's command consists of. */
export interface TreeLife {
  readonly identity: string;
  readonly token: string;
  readonly lives: readonly Life[];
  readonly first: number;
  readonly last: number;
}

const million = 1e6;

/** What the commands themselves tell (see probe.c): the witness that does not depend on leader-exec's own word. */
export class Oracle {
  readonly journal: string;
  readonly lock: string;
  readonly #lives: Life[] = [];
  readonly #byPid = new Map<number, Life>();
  #offset = 0;
  #rest = "";
  /** CLOCK_REALTIME and CLOCK_MONOTONIC minus CLOCK_BOOTTIME. */
  #wall = 0;
  #steady = 0;

  constructor(folder: string) {
    this.journal = join(folder, "journal");
    this.lock = join(folder, "lock");
    closeSync(openSync(this.journal, "a"));
  }

  /** In the order of their starts. */
  lives(): readonly Life[] {
    this.#readOn();
    return this.#lives;
  }

  roots(): Life[] {
    return this.lives().filter(({ kind }) => kind === "root");
  }

  trees(): TreeLife[] {
    const identities = [...new Set(this.lives().map(({ identity }) => identity))];
    return identities.map((identity) => {
      const lives = this.#lives.filter((life) => life.identity === identity);
      const last = Math.max(...lives.map((life) => life.last));
      return { identity, token: lives[0]?.token ?? "", lives, first: lives[0]?.first ?? 0, last };
    });
  }

  /** Processes that still run. */
  running(): Life[] {
    return this.lives().filter(({ pid, stopped }) => !stopped && isProbe(pid));
  }

  /** The nth command that starts, from 1 on. */
  start(nth: number, within = 60_000): Promise<Life> {
    return until(`command ${nth} starts`, () => this.roots()[nth - 1], within);
  }

  /** Waits until nothing of this candidate's command runs any more. */
  gone(identity: string, within = 60_000): Promise<true> {
    return until(
      `the command of ${identity} is gone`,
      () => !this.running().some((life) => life.identity === identity) && true,
      within,
    );
  }

  /** Every sign that two commands ran at once. */
  overlaps(): string[] {
    const trees = this.trees();
    const refused = this.#lives.filter((life) => life.refused);
    return [
      ...refused.map(({ identity, pid }) => `${identity} (${pid}) found the lock of another command taken`),
      ...trees.flatMap((later, index) =>
        trees
          .slice(0, index)
          .filter((earlier) => later.first <= earlier.last)
          .map(
            (earlier) =>
              `${later.identity} began ${(earlier.last - later.first).toFixed(1)} ms before the last sign of life of ${earlier.identity}`,
          ),
      ),
    ];
  }

  /** Now, on the clock of the journal. */
  now(): number {
    return Number(process.hrtime.bigint()) / million - this.#steady; // both stand still together: nothing suspends here
  }

  /** A time of the journal as time of day. */
  wallOf(time: number): number {
    return time + this.#wall;
  }

  #readOn(): void {
    const file = openSync(this.journal, "r");
    try {
      const length = fstatSync(file).size - this.#offset;
      const buffer = Buffer.alloc(length);
      this.#offset += readSync(file, buffer, 0, length, this.#offset);
      const lines = (this.#rest + buffer.toString("latin1")).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line.split(" "));
    } finally {
      closeSync(file);
    }
  }

  #take([stamp, id, event, ...more]: string[]): void {
    const at = Number(stamp) / million;
    const pid = Number(id);
    if (event === "start") {
      const [parent = "", kind, identity = "", token = "", wall, steady] = more;
      this.#wall = Number(wall) / million - at;
      this.#steady = Number(steady) / million - at;
      const life: Life = {
        pid,
        parent: Number(parent),
        kind: kind === "root" ? "root" : "child",
        identity,
        token,
        signals: [],
        first: at,
        last: at,
        stopped: false,
        refused: false,
      };
      this.#lives.push(life);
      this.#byPid.set(pid, life);
      return;
    }
    const life = this.#byPid.get(pid);
    if (life === undefined) throw new Error(`the journal tells of ${pid}, which never started`);
    life.last = Math.max(life.last, at);
    if (event === "stop") life.stopped = true;
    if (event === "refused") life.refused = true;
    if (event === "signal") life.signals.push(Number(more[0]));
  }
}

/** A zombie has no program any more, and neither has a stranger who got its number the probe's. */
function isProbe(pid: number): boolean {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)).startsWith("probe-");
  } catch {
    return false; // gone, or about to be reaped
  }
}

import { existsSync, readFileSync } from "node:fs";
import { until } from "../lab/until.ts";

/** A line that test/fixtures/probe.cjs wrote. `at`: milliseconds of CLOCK_MONOTONIC, the same in all processes. */
export interface Sign {
  readonly pid: number;
  readonly event: "start" | "alive" | "signal" | "stop";
  readonly at: number;
  readonly identity?: string;
  readonly token?: string;
  readonly tick?: string;
  readonly signal?: string;
}

/** One process of a command, from its first to its last sign of life. */
export interface Life {
  readonly pid: number;
  readonly identity: string;
  readonly token: string;
  /** LEADER_SCHEDULED_TIME; empty: no schedule. */
  readonly tick: string;
  readonly signals: readonly string[];
  readonly first: number;
  readonly last: number;
}

/** Now, on the clock of the journal. */
export const journalNow = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** What commands wrote about themselves: the oracle that does not depend on leader-exec's own word. */
export class Journal {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  signs(): Sign[] {
    if (!existsSync(this.path)) return [];
    const lines = readFileSync(this.path, "utf8").split("\n").slice(0, -1); // a last line may be half written
    return lines.map((line) => JSON.parse(line) as Sign);
  }

  /** In the order of their starts. */
  lives(): Life[] {
    const lives = new Map<number, Life & { signals: string[] }>();
    for (const { pid, at, identity = "", token = "", tick = "", signal } of this.signs()) {
      const life = lives.get(pid) ?? { pid, identity, token, tick, signals: [], first: at, last: at };
      if (signal !== undefined) life.signals.push(signal);
      lives.set(pid, { ...life, last: Math.max(at, life.last) });
    }
    return [...lives.values()].sort((a, b) => a.first - b.first);
  }

  /** The nth process that starts, from 1 on. */
  start(nth: number, within = 30_000): Promise<Life> {
    return until(`command ${nth} starts`, () => this.lives()[nth - 1], within);
  }

  /** Waits until this process was told of that signal. */
  signal(pid: number, signal: string, within = 30_000): Promise<Life> {
    const told = (life: Life): boolean => life.pid === pid && life.signals.includes(signal);
    return until(`${signal} reaches ${pid}`, () => this.lives().find(told), within);
  }

  /** Pairs of candidates whose commands were alive at the same time; processes of one candidate belong together. */
  overlaps(): string[] {
    const lives = this.lives();
    const found: string[] = [];
    for (const [index, later] of lives.entries()) {
      for (const earlier of lives.slice(0, index)) {
        if (earlier.identity !== later.identity && later.first <= earlier.last)
          found.push(
            `${later.identity} (${later.pid}) began ${earlier.last - later.first} ms before ${earlier.identity} ended`,
          );
      }
    }
    return found;
  }
}

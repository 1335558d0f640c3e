import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../support/processes.ts";

/** All processes of one candidate's command, as they testified. Times: milliseconds of CLOCK_MONOTONIC. */
export interface Term {
  readonly identity: string;
  readonly token: bigint;
  readonly first: number;
  readonly last: number;
  /** Those of its processes that are not known to be dead. */
  readonly alive: readonly number[];
}

interface Line {
  readonly pid: number;
  readonly first: string;
  readonly last: string;
  readonly again: string;
  readonly identity: string;
  readonly token: string;
}

export interface Findings {
  /** Two candidates' commands were alive at once. */
  readonly overlaps: readonly string[];
  /** A fencing token that is not larger than the one before. */
  readonly tokens: readonly string[];
}

/** How many terms are kept to be compared with the next one. */
const memory = 20;

/** Reads what the commands of one Lease leave in a folder, and removes what is over: neither side grows. */
export class Witness {
  readonly folder: string;
  /** The number of changes from one candidate's command to another's. */
  changes = 0;
  #terms: Term[] = [];
  readonly #reported = new Set<string>();
  readonly #overlaps: string[] = [];
  readonly #tokens: string[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  get findings(): Findings {
    return { overlaps: this.#overlaps, tokens: this.#tokens };
  }

  /** The last terms, in the order of their starts. */
  get terms(): readonly Term[] {
    return this.#terms;
  }

  /** The term in which a process is alive, the latest if there are several. */
  get present(): Term | undefined {
    return this.#terms.findLast(({ alive }) => alive.length > 0);
  }

  /** Takes in what is new. */
  look(): void {
    const terms = new Map(this.#terms.map((term) => [term.identity, { ...term, alive: [] as number[] }]));
    for (const name of readdirSync(this.folder)) {
      const path = join(this.folder, name);
      const lives = isProbe(Number(name.split("-")[0])); // first: what it wrote before its death is then read
      const line = readLine(path);
      if (line === undefined) continue; // not written yet, or being written
      const { identity, token } = line;
      const [first, last] = [Number(line.first), Number(line.last)];
      const term = terms.get(identity) ?? { identity, token: BigInt(token), first, last, alive: [] };
      const alive = lives ? [...term.alive, line.pid] : term.alive;
      terms.set(identity, { ...term, first: Math.min(first, term.first), last: Math.max(last, term.last), alive });
      if (!lives) rmSync(path);
    }
    this.#compare([...terms.values()].sort((a, b) => a.first - b.first));
  }

  #compare(terms: Term[]): void {
    for (const [index, later] of terms.entries()) {
      const known = this.#terms.some(({ identity }) => identity === later.identity);
      if (!known && index > 0) this.changes++;
      for (const earlier of terms.slice(0, index)) {
        if (later.first <= earlier.last) this.#report(this.#overlaps, earlier, later, earlier.last - later.first);
        if (later.token <= earlier.token && !known) this.#report(this.#tokens, earlier, later, 0);
      }
    }
    this.#terms = terms.slice(-memory);
  }

  #report(list: string[], earlier: Term, later: Term, by: number): void {
    const pair = `${later.identity} (token ${later.token}) after ${earlier.identity} (token ${earlier.token})`;
    const key = `${String(list === this.#overlaps)} ${pair}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    list.push(by > 0 ? `${pair}: ${by.toFixed(1)} ms at once when it was noticed` : pair);
  }
}

/** The number of a dead process may be given to another one. */
function isProbe(pid: number): boolean {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("probe.cjs");
  } catch (error) {
    assert.match((error as NodeJS.ErrnoException).code ?? "", /^(ENOENT|ESRCH)$/);
    return false;
  }
}

/** The line of a process; undefined when it is not complete. */
function readLine(path: string): Line | undefined {
  const text = readFileSync(path, "utf8");
  if (!text.endsWith("}\n")) return undefined;
  const line = JSON.parse(text) as Line;
  return line.last === line.again ? line : undefined;
}

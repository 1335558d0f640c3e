import assert from "node:assert/strict";
import type { StdioOptions } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import type { TestContext } from "node:test";
import { until } from "../lab/index.ts";
import { Candidate, folderOf, shortTimes } from "../support/candidate.ts";
import { examine, type Findings } from "./invariants.ts";
import { Oracle, type Life } from "./oracle.ts";
import type { Place } from "./place.ts";

export interface Cast {
  /** What the probe does, as probe.c says: ["cleanup", "200"]. */
  readonly probe?: readonly string[];
  /** What stands behind `--`, when it is not the probe itself but what starts it. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A program to start leader-exec with, which becomes it by exec: ["nsenter", ...]. */
  readonly through?: readonly string[];
  readonly stdio?: StdioOptions;
  /** Exit codes that are right for it; 0, 137 and 143 after the end of the scene always are. */
  readonly codes?: readonly number[];
}

/** A command that ignores SIGTERM must not hold up the end of a run. */
const politeTimes = ["--termination-grace-period", "2s", "--log-format", "json"];

/** What a supervised candidate may end with: leadership was lost. */
const lost = 75;

/** One Lease, its candidates and their oracle. */
export class Scene {
  readonly place: Place;
  readonly oracle: Oracle;
  readonly probe: string;
  readonly candidates: Candidate[] = [];
  /** Sentences about what is wrong with exits; looked at with the invariants. */
  readonly #wrong: string[] = [];
  readonly #t: TestContext;
  readonly #casts = new Map<Candidate, Cast>();
  #over = false;
  /** The fault itself edits the Lease. */
  edited = false;
  /** The rate of the fastest clock of its candidates. */
  fastest = 1;
  /** False: the fault is beyond the promise, and a command may outlive its lease. It must still not meet another one. */
  promised = true;
  /** Milliseconds to recover, and other things to tell. */
  readonly recoveries: number[] = [];
  readonly notes: string[] = [];

  constructor(t: TestContext, place: Place, probe: string) {
    this.#t = t;
    this.place = place;
    this.oracle = new Oracle(folderOf(t));
    this.probe = probe;
  }

  /** A candidate that is started once. */
  start(cast: Cast = {}): Candidate {
    const { probe = [], args = [], codes = [lost], ...more } = cast;
    const candidate = new Candidate(this.#t, {
      args: ["--enable-leader-election", ...shortTimes, ...politeTimes, ...this.place.args, ...args],
      command: [this.probe, this.oracle.journal, this.oracle.lock, ...probe],
      ...more,
    });
    this.candidates.push(candidate);
    this.#casts.set(candidate, cast);
    candidate.child.once("exit", (code, signal) => this.#exited(candidate, codes, code, signal));
    return candidate;
  }

  /** A candidate that is started again whenever it ends, as kubelet does. */
  supervise(cast: Cast = {}): void {
    const candidate = this.start(cast);
    candidate.child.once("exit", () => {
      // Not at once: what ends at once again and again must not take the whole machine.
      void pause(200).then(() => {
        if (!this.#over) this.supervise(cast);
      });
    });
  }

  /** The candidate whose command this is. */
  candidateOf({ parent }: Life): Candidate {
    const found = this.candidates.find(({ pid }) => pid === parent);
    assert.ok(found, `a candidate with the pid ${parent} was started`);
    return found;
  }

  /** With what it was started. */
  castOf(candidate: Candidate): Cast {
    return this.#casts.get(candidate) ?? {};
  }

  /** Waits until exactly one command runs, and returns its root. */
  settles(within = 60_000): Promise<Life> {
    return this.#until("exactly one command runs", () => this.#only(), within);
  }

  /** Waits for a command that began after this moment; its delay counts as a recovery. */
  async recovers(since: number, within = 60_000): Promise<Life> {
    const later = (): Life | undefined => this.oracle.roots().find(({ first }) => first > since);
    const life = await this.#until("a command runs again", later, within);
    this.recoveries.push(life.first - since);
    return life;
  }

  /** Does not wait on when something is wrong already. */
  async #until<T>(what: string, look: () => T | undefined, within: number): Promise<T> {
    const seen = await until(what, () => (this.#wrong.length > 0 ? "wrong" : look()), within).catch(
      (error: unknown) => {
        this.#wrong.push(String(error));
      },
    );
    if (seen !== "wrong" && seen !== undefined) return seen;
    throw new Error(this.#wrong.join("; "));
  }

  /** Throws when an invariant is broken. */
  async verify(): Promise<Findings> {
    const { oracle, edited, fastest, promised } = this;
    const { lateBy } = this.place;
    const found = examine({ oracle, writes: await this.place.writes(), lateBy, edited, fastest, promised });
    const broken = [...found.broken, ...this.#wrong];
    if (broken.length > 0) {
      const logs = this.candidates.map(({ pid, stderr }) => `leader-exec ${pid}:\n${stderr.slice(-3000)}`);
      throw new Error(`${broken.join("\n")}\n${logs.slice(-4).join("\n")}`);
    }
    return found;
  }

  /** Ends all candidates politely; throws when one hangs, or leaves anything behind. */
  async end(): Promise<void> {
    this.#over = true;
    const alive = this.candidates.filter(({ child }) => child.exitCode === null && child.signalCode === null);
    for (const { child } of alive) {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
    }
    for (const candidate of alive) {
      const { child } = candidate;
      const ended = () => child.exitCode !== null || child.signalCode !== null;
      await until("leader-exec ends after SIGTERM", ended, 40_000).catch((error: unknown) => {
        throw new Error(`${String(error)}; it said:\n${candidate.stderr}`);
      });
    }
    await until("no command is left", () => this.oracle.running().length === 0);
    // A guard holds its leader-exec's stderr; that of a dead one may still have a Lease released.
    const heard = this.candidates.filter((candidate) => this.castOf(candidate).stdio === undefined);
    await until("no guard is left", () => heard.every(({ isClosed }) => isClosed), 40_000);
  }

  /** Ends all candidates at once, and what they run: after a failure. */
  async abandon(): Promise<void> {
    this.#over = true;
    for (const { child } of this.candidates) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    }
    await until("nothing of a failed run is left", () => {
      const left = this.oracle.running();
      for (const { pid } of left) process.kill(pid, "SIGKILL");
      return left.length === 0;
    });
  }

  #only(): Life | undefined {
    const running = this.oracle.running();
    const [first] = running.filter(({ kind }) => kind === "root");
    const identities = new Set(running.map(({ identity }) => identity));
    return identities.size === 1 ? first : undefined;
  }

  /** Nothing outlives leader-exec, unless it had no chance: then the guard sees to it a moment later. */
  #exited(candidate: Candidate, codes: readonly number[], code: number | null, signal: NodeJS.Signals | null): void {
    if (signal === "SIGKILL") return;
    const left = this.oracle.running().filter(({ identity }) => identity === this.#identityOf(candidate));
    if (left.length > 0) {
      this.#wrong.push(`leader-exec ${candidate.pid} ended and left ${left.map(({ pid }) => pid).join(", ")} behind`);
    }
    const right = this.#over ? [...codes, 0, 137, 143] : codes;
    const early = code === null && candidate.stderr === ""; // a signal that came before Node ran any of our code
    if (!early && (code === null || !right.includes(code))) {
      this.#wrong.push(
        `leader-exec ${candidate.pid} ended with ${signal ?? String(code)}, not with ${right.join(" or ")}`,
      );
    }
  }

  #identityOf({ pid }: Candidate): string | undefined {
    return this.oracle.roots().find(({ parent }) => parent === pid)?.identity;
  }
}

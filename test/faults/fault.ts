import { test, type TestContext } from "node:test";
import { LostBefore } from "../support/candidate.ts";
import { keep, sentenceOf, spread, type Figures } from "./figures.ts";
import type { Place } from "./place.ts";
import { findProbe, probeIsRequired } from "./probe.ts";
import { Scene } from "./scene.ts";
import { runsIn, selectionOf } from "./selection.ts";
import type { FaultName } from "./table.ts";

const probe = await findProbe();
const selection = selectionOf(process.env);

/** How many runs of one fault go on at a time, each with a Lease of its own. */
const atOnce = 5;
/** A holder that is starved of CPU may lose its Lease before it is hit: then the run is repeated. */
const mostTries = 4;
/** Requests per second and candidate that no fault may exceed in the mean of a run. */
export const mostRequests = 25;

/**
 * Declares a fault of the table as a test, if it is selected. Each run gets a fresh Lease from `newPlace`; what it leaves
 * running is verified, ended and verified again, and the figures of all runs are printed.
 */
export function fault<P extends Place>(
  name: FaultName,
  newPlace: (t: TestContext) => P | Promise<P>,
  body: (scene: Scene & { readonly place: P }, run: number, t: TestContext) => Promise<void>,
  { parallel = atOnce } = {},
): void {
  const runs = runsIn(selection, name);
  if (runs === 0) return;
  if (probe.kind === "missing") {
    test(name, probeIsRequired() ? {} : { skip: probe.reason }, () => {
      throw new Error(probe.reason);
    });
    return;
  }
  const { path } = probe;
  test(name, async (t) => {
    const tally = new Tally(name);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let run = next++; run < runs; run = next++) {
        for (let tries = 1; ; tries++) {
          const scene = new Scene(t, await newPlace(t), path) as Scene & { readonly place: P };
          const isHit = await tally.count(scene, () => body(scene, run, t));
          if (isHit) break;
          if (tries === mostTries) throw new Error(`${tries} holders lost their Lease before they were hit`);
        }
      }
    };
    const workers = await Promise.allSettled(Array.from({ length: Math.min(parallel, runs) }, worker));
    const figures = tally.figures();
    t.diagnostic(`${name}: ${sentenceOf(figures)}`);
    keep(figures);
    for (const result of workers) if (result.status === "rejected") throw result.reason;
  });
}

class Tally {
  readonly #fault: string;
  #runs = 0;
  #store: Figures["store"] = "kubernetes";
  #overlaps = 0;
  #lostBefore = 0;
  #margin = Infinity;
  #rate = 0;
  readonly #recoveries: number[] = [];
  readonly #notes = new Set<string>();

  constructor(fault: string) {
    this.#fault = fault;
  }

  /** False: what was to be hit had lost its Lease before, so that nothing was tried; what must never be is looked for all the same. */
  async count(scene: Scene, body: () => Promise<void>): Promise<boolean> {
    this.#runs++;
    this.#store = scene.place.store;
    const began = performance.now();
    try {
      await body();
      await this.#look(scene);
      await this.#countRequests(scene, performance.now() - began);
      await scene.end();
      return true;
    } catch (error) {
      await scene.abandon();
      if (!(error instanceof LostBefore)) throw error;
      this.#lostBefore++;
      return false;
    } finally {
      this.#recoveries.push(...scene.recoveries);
      for (const note of scene.notes) this.#notes.add(note);
      await this.#look(scene);
    }
  }

  figures(): Figures {
    const lost = this.#lostBefore === 0 ? [] : [`${this.#lostBefore} lost before they were hit, and repeated`];
    return {
      fault: this.#fault,
      store: this.#store,
      runs: this.#runs,
      overlaps: this.#overlaps,
      margin: Number.isFinite(this.#margin) ? this.#margin : null,
      recover: spread(this.#recoveries),
      rate: this.#rate === 0 ? null : this.#rate,
      note: [...this.#notes, ...lost].join(", "),
    };
  }

  async #look(scene: Scene): Promise<void> {
    this.#overlaps += scene.oracle.overlaps().length;
    const { margin } = await scene.verify();
    this.#margin = Math.min(this.#margin, margin);
  }

  async #countRequests(scene: Scene, span: number): Promise<void> {
    const requests = await scene.place.requests();
    if (requests === null) return;
    const rate = requests / (span / 1000) / Math.max(1, scene.candidates.length);
    this.#rate = Math.max(this.#rate, rate);
    if (rate > mostRequests) throw new Error(`${rate.toFixed(1)} requests per second and candidate are too many`);
  }
}

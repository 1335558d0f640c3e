/** Counts what the loop does. An error in counting ends the counting alone, and is told to whoever asks for the metrics. */
import { holdIn, isCommandRunning, leaseIn } from "./core/health.ts";
import type { ReadResult, WriteResult } from "./core/lease.ts";
import type { Hold } from "./core/state.ts";
import type { CommandEnd, Event, Millis, Report, StartFailure } from "./core/types.ts";
import type { Answer } from "./io/health-server.ts";
import { newMetrics, type Metrics } from "./io/prometheus.ts";
import type { Clock, LeaseStore, Step } from "./world.ts";

/** However many ask, the text is made anew so often at most. */
const keptFor: Millis = 250;

export class Meter {
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  /** What ended the counting; null: it goes on. */
  #error: Error | null = null;
  #leadsSince: Millis | null = null;
  #transitions = NaN;
  #running = false;
  #margin: Millis = Infinity;
  #text: { readonly at: Millis; readonly promise: Promise<string> } | null = null;

  /** `lease`: its name; null without election. */
  constructor(clock: Clock, lease: string | null) {
    this.#clock = clock;
    this.#metrics = newMetrics(lease);
  }

  stepped(step: Step): void {
    this.#count(() => this.#take(step));
  }

  /** The same store, whose requests are measured. */
  around(store: LeaseStore): LeaseStore {
    const measured = async <T extends ReadResult | WriteResult>(
      verb: string,
      request: () => Promise<T>,
    ): Promise<T> => {
      const sentAt = this.#clock.now();
      const result = await request();
      const spent = (this.#clock.now() - sentAt) / 1000;
      this.#count(() => this.#metrics.lease?.requested(verb, requestResult(result), spent));
      return result;
    };
    return {
      description: store.description,
      read: (deadline) => measured("get", () => store.read(deadline)),
      write: (write, deadline) =>
        measured(write.base === null ? "create" : "update", () => store.write(write, deadline)),
      watch: (since, listener) => store.watch(since, listener),
      close: () => store.close(),
    };
  }

  async answer(): Promise<Answer> {
    const now = this.#clock.now();
    if (this.#text === null || now - this.#text.at >= keptFor) {
      this.#count(() => this.#led(now, this.#leadsSince !== null));
      this.#text = { at: now, promise: this.#metrics.text() };
    }
    if (this.#error !== null) throw this.#error;
    return { status: 200, type: this.#metrics.type, body: await this.#text.promise };
  }

  #count(what: () => void): void {
    if (this.#error !== null) return;
    try {
      what();
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error));
    }
  }

  #take({ before, event, effects, after, at }: Step): void {
    const { lease } = this.#metrics;
    if (event.kind === "command-ended") this.#metrics.ran(exitCodeOf(event.end));
    if (event.kind === "command-not-started") this.#metrics.ran(codeOfFailure[event.failure.reason]);
    const running = isCommandRunning(after) || after.phase === "stopping";
    if (running !== this.#running) this.#metrics.running(running);
    this.#running = running;
    if (lease === null) return;
    const hold = holdIn(before);
    if (hold !== null && (event.kind === "written" || event.kind === "read")) this.#renewal(hold, event, at);
    for (const effect of effects) {
      if (effect.kind === "read" && holdIn(after) !== null) lease.tookSlowPath();
      if (effect.kind === "report") this.#told(effect.report);
    }
    const transitions = leaseIn(after)?.record.transitions;
    if (transitions !== undefined && transitions !== this.#transitions) {
      this.#transitions = transitions;
      lease.transitions(transitions);
    }
    const leads = holdIn(after) !== null;
    if (leads !== (this.#leadsSince !== null)) {
      lease.leads(leads);
      this.#led(at, leads);
    }
  }

  #told(report: Report): void {
    const { lease } = this.#metrics;
    switch (report.kind) {
      case "acquired":
        return lease?.acquired();
      case "tick-started":
        return lease?.ticked("run", 1);
      case "tick-not-started":
        return lease?.ticked("not-started", 1);
      case "ticks-skipped":
        return lease?.ticked("skipped", report.passed.count);
      case "ticks-missed":
        return lease?.ticked("missed", report.passed.count);
      default:
        return;
    }
  }

  /** Adds the time led until now; `goesOn`: we lead from now on. */
  #led(at: Millis, goesOn: boolean): void {
    if (this.#leadsSince !== null) this.#metrics.lease?.ledFor(Math.max(0, at - this.#leadsSince) / 1000);
    this.#leadsSince = goesOn ? at : null;
  }

  #renewal(hold: Hold, event: Event & { kind: "written" | "read" }, at: Millis): void {
    if (hold.request?.id !== event.id) return;
    const { result } = event;
    if (result.kind === "failed") this.#metrics.lease?.renewed(result.reason);
    if (event.kind === "read" || result.kind === "failed") return;
    this.#metrics.lease?.renewed(result.kind === "stored" ? "confirmed" : result.kind);
    const margin = hold.deadlines.kill - at;
    if (result.kind !== "stored" || margin >= this.#margin) return;
    this.#margin = margin;
    this.#metrics.lease?.smallestMargin(margin / 1000);
  }
}

function requestResult({ kind }: ReadResult | WriteResult): string {
  return kind === "found" || kind === "stored" ? "ok" : kind;
}

/** As a shell tells it. */
function exitCodeOf(end: CommandEnd): number {
  return end.kind === "exited" ? end.code : 128 + end.number;
}

const codeOfFailure: Readonly<Record<StartFailure["reason"], number>> = {
  "not-found": 127,
  "not-executable": 126,
  "no-guard": 125,
  failed: 125,
};

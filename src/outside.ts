/** Looks on at the loop, and answers what others ask about it: always from memory, and never by asking the loop. */
import { healthFlaw, isCommandRunning, leaseIn, unreadiness } from "./core/health.ts";
import type { State } from "./core/state.ts";
import type { Millis, Timing } from "./core/types.ts";
import type { Health, LeaseName } from "./health.ts";
import { serve, type Answer, type Listener, type Routes } from "./io/health-server.ts";
import { formatMicroTime } from "./io/lease-json.ts";
import { loadMetrics } from "./io/load-bundle.ts";
import type { Meter } from "./meter.ts";
import type { BindAddress, HealthOptions } from "./options.ts";
import type { Clock, Log, Observer, World } from "./world.ts";

export interface HealthSettings extends HealthOptions {
  readonly timing: Timing;
  /** Null without election. */
  readonly leaseName: string | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** Listens where the options say; where it cannot, a sentence comes back. */
export async function startHealth(settings: HealthSettings): Promise<Health | string> {
  const { metrics, leaseName, clock, log } = settings;
  const meter = metrics === null ? null : new (await loadMetrics()).Meter(clock, leaseName);
  const seen = new Onlooker(settings, meter);
  const listeners: Listener[] = [];
  const close = (): void => listeners.forEach((listener) => listener.close());
  for (const [at, routes] of wanted(settings, seen.routes, meter)) {
    const listener = await serve(at, routes);
    if (typeof listener === "string") {
      close();
      return listener;
    }
    listeners.push(listener);
    const message = `answering ${Object.keys(routes).join(", ")} on ${listener.address}`;
    log.write({ level: "info", kind: "listening", message, fields: {} });
  }
  return { around: (...about) => seen.around(...about), close };
}

/** What is answered where: equal addresses share a listener. */
function wanted({ probes, metrics }: HealthOptions, routes: Routes, meter: Meter | null): [BindAddress, Routes][] {
  const counted: Routes = meter === null ? {} : { "/metrics": () => meter.answer() };
  if (probes !== null && metrics !== null && probes.host === metrics.host && probes.port === metrics.port)
    return [[probes, { ...routes, ...counted }]];
  const all: [BindAddress | null, Routes][] = [
    [probes, routes],
    [metrics, counted],
  ];
  return all.filter((each): each is [BindAddress, Routes] => each[0] !== null);
}

class Onlooker {
  readonly routes: Routes = {
    "/healthz": () => this.#healthz(),
    "/readyz": () => this.#readyz(),
    "/leader": () => this.#leader(),
  };
  readonly #settings: HealthSettings;
  readonly #meter: Meter | null;
  /** Null: the loop has not begun. */
  #state: State | null = null;
  /** When the loop has to turn at the latest. */
  #dueAt: Millis = Infinity;
  #identity: string | null = null;
  #lease: LeaseName | null = null;

  constructor(settings: HealthSettings, meter: Meter | null) {
    this.#settings = settings;
    this.#meter = meter;
  }

  around(world: World, identity: string, lease: LeaseName | null): World {
    this.#identity = lease === null ? null : identity;
    this.#lease = lease;
    const stepped: Observer["stepped"] = (step) => {
      this.#state = step.after;
      this.#meter?.stepped(step);
    };
    const wakeIn: World["wakeIn"] = (span, callback) => {
      this.#dueAt = callback === null ? Infinity : world.clock.now() + span;
      world.wakeIn(span, callback);
    };
    const store = this.#meter?.around(world.store) ?? world.store;
    return { ...world, store, wakeIn, observer: { stepped } };
  }

  #flaw(): string | null {
    const { clock, timing } = this.#settings;
    return this.#state === null ? null : healthFlaw(this.#state, this.#dueAt, clock.now(), timing);
  }

  #healthz(): Answer {
    const flaw = this.#flaw();
    return flaw === null ? text(200, "ok") : text(500, flaw);
  }

  #readyz(): Answer {
    const reason =
      this.#state === null
        ? "the election has not begun"
        : (this.#flaw() ?? unreadiness(this.#state, this.#settings.readyWhen));
    return reason === null ? text(200, "ok") : text(503, reason);
  }

  #leader(): Answer {
    const state = this.#state;
    const record = state === null ? undefined : leaseIn(state)?.record;
    const since = record?.acquireTime ?? null;
    const facts = {
      me: this.#identity,
      leading: state !== null && isCommandRunning(state),
      phase: state?.phase ?? "starting",
      lease: this.#lease === null ? null : `${this.#lease.namespace}/${this.#lease.name}`,
      holder: record?.holder ?? null,
      since: since === null ? null : formatMicroTime(since),
      transitions: record?.transitions ?? null,
    };
    return { status: 200, type: "application/json", body: `${JSON.stringify(facts)}\n` };
  }
}

function text(status: number, line: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body: `${line}\n` };
}

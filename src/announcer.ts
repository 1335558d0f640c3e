/**
 * Tells the cluster who leads: by Events on the Lease, and by a label on our pod. It looks on at the loop, as the probes do, and all
 * its requests go beside the election. Only the label makes anything wait, for a bounded time: the start of a command until it is there,
 * and the release until it is gone.
 */
import { holdIn } from "./core/health.ts";
import type { State } from "./core/state.ts";
import type { Millis, Timing } from "./core/types.ts";
import type { LeaseName } from "./health.ts";
import { LabelledRunner } from "./io/labelled-runner.ts";
import type { Aside } from "./io/kubernetes-aside.ts";
import { LeaseEvents } from "./io/lease-events.ts";
import type { OwnPod } from "./io/own-pod.ts";
import { PodLabel } from "./io/pod-label.ts";
import type { AnnounceOptions, LabelOption } from "./options.ts";
import type { Clock, LeaseStore, Log, Step, World } from "./world.ts";

/** A release waits so long at most, and so does the end when everything else is done. */
const longestDelay: Millis = 500;

export interface AnnounceSettings extends AnnounceOptions {
  readonly lease: LeaseName;
  readonly identity: string;
  readonly timing: Timing;
  /** Null: we run in none. */
  readonly pod: OwnPod | null;
  readonly aside: Aside;
  readonly clock: Clock;
  readonly log: Log;
}

export class Announcements {
  readonly #settings: AnnounceSettings;
  readonly #events: LeaseEvents | null;
  readonly #label: PodLabel | null;
  /** From then on a release waits for nothing; Infinity before the first one of a term. */
  #waitsUntil: Millis = Infinity;

  constructor(settings: AnnounceSettings) {
    const { events, podLabel, lease, identity, aside, clock, log } = settings;
    const facts = { namespace: lease.namespace, leaseName: lease.name, identity };
    this.#settings = settings;
    this.#events = events ? new LeaseEvents(aside, facts, clock, log) : null;
    this.#label = podLabel === null ? null : labelOf(podLabel, settings);
    this.#label?.want(false); // what an earlier life of this pod left there
  }

  around(world: World): World {
    const { clock, timing } = this.#settings;
    const label = this.#label;
    // Small beside the renew deadline, of which the loop leaves half for a start.
    const longestWait = Math.min(longestDelay, timing.renewDeadline / 10);
    const runner = label === null ? null : new LabelledRunner(world.command, label, clock, longestWait);
    const stepped = (step: Step): void => {
      world.observer?.stepped(step);
      this.#tellOf(step);
      label?.want(leads(step.after));
      if (step.after.phase === "leading") this.#waitsUntil = Infinity;
      else runner?.cancel();
    };
    const store = label === null ? world.store : this.#releasingAfter(label, world.store);
    return { ...world, store, command: runner ?? world.command, observer: { stepped } };
  }

  async close(): Promise<void> {
    const { aside } = this.#settings;
    this.#label?.want(false);
    await Promise.all([this.#events?.drain(longestDelay), this.#label?.gone(longestDelay)]);
    this.#label?.close();
    aside.close();
  }

  #tellOf({ before, after }: Step): void {
    const [had, has] = [holdIn(before), holdIn(after)];
    if (had === null && has !== null) this.#events?.record("became leader", has.lease);
    if (had !== null && has === null) this.#events?.record("stopped leading", had.lease);
  }

  /** The same store, whose releases wait until nobody is sent to us any more. */
  #releasingAfter(label: PodLabel, store: LeaseStore): LeaseStore {
    const { clock } = this.#settings;
    return {
      description: store.description,
      read: (deadline) => store.read(deadline),
      write: async (write, deadline) => {
        if (write.record.holder === "") {
          label.want(false);
          const now = clock.now();
          this.#waitsUntil = Math.min(this.#waitsUntil, now + Math.min(longestDelay, (deadline - now) / 2));
          if (label.mayBeOn && now < this.#waitsUntil) await label.gone(this.#waitsUntil - now);
        }
        return store.write(write, deadline);
      },
      watch: (since, listener) => store.watch(since, listener),
      close: () => store.close(),
    };
  }
}

/** Leading, and not about to stop; with a schedule between the ticks, too. */
function leads(state: State): boolean {
  return state.phase === "leading" || (state.phase === "stopping" && state.resume !== null);
}

function labelOf({ by, key, value }: LabelOption, { pod, aside, log }: AnnounceSettings): PodLabel | null {
  if (pod !== null) return new PodLabel(aside, pod, { key, value }, log);
  const message = `the label ${key}=${value} is on no pod, because this is none: neither POD_NAMESPACE nor a service account's namespace is there; set POD_NAME and POD_NAMESPACE by the downward API, or leave ${by} out`;
  log.write({ level: "warn", kind: "pod-label", message, fields: {} });
  return null;
}

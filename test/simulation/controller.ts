/**
 * kube-apiserver's leader election controller (Kubernetes 1.37, pkg/controlplane/controller/leaderelection), as far as a candidate can see
 * it: it elects on an empty or, by its own clock, expired Lease, after having pinged everybody; a better candidate than a live holder is
 * written down as the preferred one. It looks some time after each change and every 5 s, and at times it is gone for a while.
 */
import { compareVersions, parseVersion } from "../../src/core/semver.ts";
import type { LeaseRecord } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import { serverEpoch } from "./sim-api.ts";
import type { SimLeaseCandidate } from "./sim-candidates.ts";
import type { Sim } from "./sim.ts";

const every: Millis = 5_000;
const patience: Millis = 5_000;
const valid: Millis = 30 * 60_000;
const strategy = "OldestEmulationVersion";

export class Controller {
  readonly #sim: Sim;
  #downUntil: Millis = 0;
  #isQueued = false;

  constructor(sim: Sim) {
    this.#sim = sim;
    const look = (): void => {
      this.#reconcile();
      sim.agenda.after(every * sim.dice.between(1, 1.3), look);
    };
    sim.agenda.after(sim.dice.between(0, 3_000), look);
    sim.api.subscribe(() => this.#soon());
    sim.candidates.subscribe(() => this.#soon());
  }

  /** The API server is started anew. */
  down(span: Millis): void {
    this.#downUntil = Math.max(this.#downUntil, this.#sim.agenda.now + span);
    this.#sim.agenda.after(span, () => this.#soon());
  }

  #soon(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#sim.agenda.after(this.#sim.dice.between(3, 100), () => {
      this.#isQueued = false;
      this.#reconcile();
    });
  }

  #reconcile(): void {
    const { agenda, candidates } = this.#sim;
    if (agenda.now < this.#downUntil) return;
    const now = serverEpoch + agenda.now;
    const all = candidates.all().filter(({ renewTime }) => renewTime + valid > now);
    if (all.length === 0 || !this.#isNeeded(all, now)) return;
    let canVote = true;
    for (const each of all) {
      const { pingTime, renewTime } = each;
      const isPending = pingTime !== null && renewTime < pingTime;
      if (isPending && pingTime + patience > now) canVote = false;
      else if (renewTime + patience <= now && !isPending) {
        candidates.ping(each.name, now);
        canVote = false;
      }
    }
    const fresh = all.filter(({ renewTime }) => renewTime + patience > now);
    const best = canVote ? bestOf(fresh, this.#sim) : null;
    if (best !== null) this.#elect(best, now);
  }

  #isNeeded(all: readonly SimLeaseCandidate[], now: Millis): boolean {
    const record = this.#sim.api.lease?.record;
    if (record === undefined || record.holder === "" || isExpired(record, now)) return true;
    return bestOf(all, this.#sim)?.name !== record.holder;
  }

  #elect(best: SimLeaseCandidate, now: Millis): void {
    const { api, judge, trace } = this.#sim;
    const before = api.lease?.record;
    const base: LeaseRecord = before ?? {
      ...{ holder: "", durationSeconds: null, acquireTime: null, renewTime: null, transitions: 0 },
      ...{ coordination: null, markedBy: null, holdUntil: null, done: null, lastTick: null, stepDown: null },
    };
    const isFree = base.holder === "" || (isExpired(base, now) && base.holder !== best.name);
    if (!isFree && base.holder === best.name) return;
    if (!isFree && base.coordination?.preferredHolder === best.name) return;
    judge.foreignWriteArrives();
    trace?.("server", `${isFree ? "elects" : "prefers"} ${best.name}`);
    const coordination = { strategy, preferredHolder: isFree ? null : best.name };
    const elected = { holder: best.name, durationSeconds: 5, renewTime: now, acquireTime: null };
    api.write({ base: api.lease, record: { ...base, coordination, ...(isFree ? elected : {}) } }, "server");
  }
}

function isExpired({ renewTime, durationSeconds }: LeaseRecord, now: Millis): boolean {
  return renewTime === null || durationSeconds === null || renewTime + durationSeconds * 1000 < now;
}

/** The oldest version; among equals who was registered first, by whole seconds, and then anyone. */
function bestOf(all: readonly SimLeaseCandidate[], { dice }: Sim): SimLeaseCandidate | null {
  const second = ({ createdAt }: SimLeaseCandidate): number => Math.floor(createdAt / 1000);
  return all.reduce<SimLeaseCandidate | null>((best, each) => {
    if (best === null) return each;
    const [one, other] = [parseVersion(best.binaryVersion), parseVersion(each.binaryVersion)];
    const order = one === null || other === null ? 0 : compareVersions(one, other);
    if (order !== 0) return order < 0 ? best : each;
    if (second(best) !== second(each)) return second(best) < second(each) ? best : each;
    return dice.chance(0.5) ? best : each;
  }, null);
}

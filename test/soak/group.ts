import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { leasePath, type FaultProxy, type Lab, type LabUser } from "../lab/index.ts";
import type { Warden } from "../lab/warden.ts";
import { journalNow } from "../support/journal.ts";
import { SoakCandidate, signalTo, type Ended } from "./candidate.ts";
import { temper, type FaultKind, type PlannedFault } from "./plan.ts";
import { Witness, type Term } from "./witness.ts";

/** A double fault is kept away from leader-exec and its guard for this long: the guard is replaced, or the term ends. */
const recovery = 3_000;
/** What a process of a command may live on after its leader-exec ended, on a machine that is busy. */
const orphanAfter = 5_000;
const size = 3;

export interface GroupOptions {
  readonly lab: Lab;
  readonly warden: Warden;
  readonly folder: string;
  readonly seed: number;
  readonly index: number;
}

/** A Lease, the three candidates that contend for it, always restarted, and everything that is done to them. */
export class Group {
  readonly witness: Witness;
  /** What went wrong: each is a reason to fail. */
  readonly wrong: string[] = [];
  /** Milliseconds from the last sign of life of one holder's command to the first of the next one's. */
  readonly takeovers = { released: [] as number[], killed: [] as number[], expired: [] as number[] };
  /** The longest that a command lived on after its leader-exec was killed. */
  outlived = 0;
  readonly #options: GroupOptions;
  readonly #users: { user: LabUser; proxy: FaultProxy }[];
  readonly #candidates: (SoakCandidate | undefined)[] = Array.from({ length: size }, () => undefined);
  readonly #ends = new Map<string, Ended>();
  readonly #told = new Set<string>();
  readonly #runs = Array.from({ length: size }, () => 0);
  readonly #namespace: string;
  #closing = false;
  #mayStart = Promise.resolve();

  private constructor(options: GroupOptions, namespace: string, users: { user: LabUser; proxy: FaultProxy }[]) {
    this.#options = options;
    this.#namespace = namespace;
    this.#users = users;
    const lives = join(options.folder, `lives-${options.index}`);
    mkdirSync(lives);
    this.witness = new Witness(lives);
  }

  static async open(options: GroupOptions): Promise<Group> {
    const namespace = await options.lab.createNamespace();
    const users = [];
    for (let nth = 0; nth < size; nth++) {
      users.push({ user: await options.lab.user(namespace, "job"), proxy: await options.lab.proxy() });
    }
    const group = new Group(options, namespace, users);
    for (let nth = 0; nth < size; nth++) await group.#start(nth);
    return group;
  }

  /** Looks at what happened since the last time. */
  look(): void {
    this.witness.look();
    for (const candidate of this.#candidates) {
      if (candidate?.hangs !== true) continue;
      this.#fail(`${candidate.name} was told to end and does not`);
      candidate.kill();
    }
    const { terms } = this.witness;
    for (const [index, term] of terms.entries()) {
      const end = this.#endOf(term);
      if (end !== undefined) this.#afterEnd(term, end);
      const before = terms[index - 1];
      if (before !== undefined) this.#tookOver(before, term);
    }
  }

  /** Does one planned fault; false when there was nobody to do it to, or when it would be the second one at once. */
  async inflict({ kind, role, span }: PlannedFault): Promise<boolean> {
    if (kind === "delete the Lease") return this.#delete();
    if (kind === "foreign annotations") return this.#annotate(span);
    const holder = this.#candidates.find((each) => each?.owns(this.witness.present?.identity ?? " "));
    const target = role === "holder" ? holder : this.#candidates.find((each) => each !== holder && each !== undefined);
    return target === undefined ? false : this.#hit(target, kind, span);
  }

  /** Ends all candidates; resolves when they have ended. Failures to end are told by `look`. */
  async close(): Promise<void> {
    this.#closing = true;
    const left = this.#candidates.filter((each) => each !== undefined);
    for (const candidate of left) {
      candidate.thaw();
      candidate.stop();
    }
    await Promise.all(left.map(({ ended }) => ended));
  }

  async #hit(target: SoakCandidate, kind: FaultKind, span: number): Promise<boolean> {
    const onPair = ["kill leader-exec", "kill the guard", "freeze leader-exec", "freeze the guard"].includes(kind);
    if (onPair) {
      if (journalNow() < target.hurtUntil) return false;
      target.hurtUntil = journalNow() + recovery + (kind.startsWith("freeze") ? span : 0);
    }
    const { proxy } = target;
    switch (kind) {
      case "kill leader-exec":
        target.kill();
        return true;
      case "kill the guard":
        return this.#process(target.guard(), "SIGKILL");
      case "kill the command":
        return this.#process(target.command(), "SIGKILL");
      case "freeze leader-exec":
        target.freeze();
        await pause(span);
        target.thaw();
        return true;
      case "freeze the guard":
        return this.#freeze(target.guard(), span);
      case "freeze the command":
        return this.#freeze(target.command(), span);
      case "stop politely":
        target.stop();
        return true;
      case "black hole":
        return this.#network(proxy, span, () => proxy.blackhole());
      case "resets":
        proxy.reset();
        return this.#network(proxy, span, () => proxy.resetNewConnections());
      case "delays":
        return this.#network(proxy, span, () => proxy.delay(span / 8));
      default:
        return false;
    }
  }

  async #network(proxy: FaultProxy, span: number, fault: () => void): Promise<boolean> {
    fault();
    await pause(span);
    await proxy.heal();
    return true;
  }

  #process(pid: number | undefined, signal: NodeJS.Signals): boolean {
    if (pid !== undefined) signalTo(pid, signal);
    return pid !== undefined;
  }

  async #freeze(pid: number | undefined, span: number): Promise<boolean> {
    if (pid === undefined) return false;
    signalTo(pid, "SIGSTOP");
    await pause(span);
    signalTo(pid, "SIGCONT");
    return true;
  }

  async #annotate(span: number): Promise<boolean> {
    const end = journalNow() + Math.min(span, 1_000);
    for (let nth = 0; journalNow() < end; nth++) {
      await this.#admin("PATCH", { metadata: { annotations: { "somebody.invalid/count": `${nth}` } } });
      await pause(20);
    }
    return true;
  }

  /** A candidate that starts while the Lease is away cannot know of its holder: that is out of the promise, and avoided. */
  async #delete(): Promise<boolean> {
    if (!this.#candidates.every((each) => each?.knowsLease)) return false;
    let back = (): void => undefined;
    this.#mayStart = new Promise((resolve) => (back = resolve));
    const deleted = await this.#admin("DELETE");
    for (let waited = 0; deleted && waited < 30_000 && !(await this.#admin("GET")); waited += 50) await pause(50);
    back();
    return deleted;
  }

  /** The server may be down: then nothing was done. */
  async #admin(method: string, body?: object): Promise<boolean> {
    const path = leasePath(this.#namespace, "job");
    return this.#options.lab.admin(method, path, body).then(
      ({ status }) => status < 300,
      () => false,
    );
  }

  async #start(nth: number): Promise<void> {
    await this.#mayStart;
    if (this.#closing) return;
    const { seed, index, folder, warden } = this.#options;
    const seat = this.#users[nth];
    assert.ok(seat);
    const run = this.#runs[nth] ?? 0;
    this.#runs[nth] = run + 1;
    const candidate = new SoakCandidate({
      name: `lease${index}-${nth}-${run}`,
      lease: "job",
      kubeconfig: await seat.user.kubeconfig({ server: seat.proxy.url }),
      proxy: seat.proxy,
      lives: this.witness.folder,
      lock: join(folder, `lock-${index}`),
      warden,
      temper: temper(seed, index, nth, run),
    });
    this.#candidates[nth] = candidate;
    void candidate.ended.then(async (end) => {
      this.#candidates[nth] = undefined;
      this.#ends.set(candidate.name, end);
      if (this.#ends.size > 100) this.#ends.delete([...this.#ends.keys()][0] ?? "");
      if (end.wrong !== undefined) this.#fail(`${end.name}: ${end.wrong}; it said:\n${end.stderr}`);
      if (!this.#closing) await this.#start(nth);
    });
  }

  #endOf({ identity }: Term): Ended | undefined {
    return this.#ends.get(identity.slice(0, identity.lastIndexOf("_")));
  }

  #afterEnd(term: Term, end: Ended): void {
    if (end.signal !== null) this.outlived = Math.max(this.outlived, term.last - end.at);
    if (term.alive.length > 0 && journalNow() - end.at > orphanAfter) {
      this.#fail(`orphan: ${term.alive.join(", ")} of ${term.identity} outlived its leader-exec`);
    }
  }

  #tookOver(before: Term, term: Term): void {
    const end = this.#endOf(before);
    if (end === undefined || this.#told.has(`take-over ${term.identity}`)) return;
    this.#told.add(`take-over ${term.identity}`);
    const how = end.signal !== null ? "killed" : end.code === 75 ? "expired" : "released";
    this.takeovers[how].push(term.first - before.last);
  }

  #fail(what: string): void {
    const [first = ""] = what.split("\n");
    if (this.#told.has(first)) return;
    this.#told.add(first);
    this.wrong.push(what);
  }
}

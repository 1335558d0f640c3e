/**
 * A command, its process tree, and the guard beside it, as src/io does them: the guard hears each kill deadline over a pipe,
 * reads the machine's own clock, kills the tree when the deadline passes or leader-exec is gone, and cannot be talked out of it.
 * Killing a tree and confirming its death takes up to k = 1 s; a timer is up to m = 0.5 s late.
 */
import type { StoredLease } from "../../src/core/lease.ts";
import type { Estate } from "../../src/core/on-behalf.ts";
import type { CommandEnd, Millis } from "../../src/core/types.ts";
import type { Entry } from "./agenda.ts";
import { runOf } from "./schedule.ts";
import type { SimCandidate } from "./sim-candidate.ts";
import { releaseOnBehalf } from "./sim-release.ts";
import type { Sim } from "./sim.ts";

const longestKill: Millis = 950;
const sigkill: CommandEnd = { kind: "signaled", signal: "SIGKILL", number: 9 };

export class SimCommand {
  status: "none" | "starting" | "alive" | "gone" = "none";
  killAsked = false;
  /** False: no guard watches, and leader-exec was told. */
  guarded = true;
  /** It ended by itself, with 0. */
  succeeded = false;
  readonly #sim: Sim;
  readonly #owner: SimCandidate;
  #killAt: Millis = Infinity;
  #guardTimer: Entry | null = null;
  #struck = false;
  #dying = false;
  /** The term in which it runs. */
  #estate: Estate | null = null;
  /** leader-exec died while its guard had nothing to do yet: what becomes of the Lease is the guard's business. */
  #orphan = false;
  #reaped = false;
  /** It was started once. */
  existed = false;
  /** How long the command takes to obey a stop signal; Infinity: it ignores it. */
  #obeysIn: Millis = Infinity;
  /** Grandchildren stay when the command itself has ended. */
  #leavesSome = false;

  constructor(sim: Sim, owner: SimCandidate) {
    this.#sim = sim;
    this.#owner = owner;
  }

  start(lease: StoredLease, killAt: Millis, tick: Millis | null): void {
    const { agenda, dice } = this.#sim;
    this.status = "starting";
    const { me, machine } = this.#owner;
    const { identity, job } = me;
    this.#estate = { identity, uid: lease.uid, since: machine.clock(), holdAtLeast: job.holdAtLeast };
    this.#arm(killAt);
    const takes = dice.chance(0.05) ? dice.between(100, 4_000) : dice.between(2, 30);
    agenda.after(takes, () => this.#owner.whenAwake(() => this.#spawn(lease, tick)));
  }

  guardUntil(killAt: Millis): void {
    this.#sim.agenda.after(this.#sim.dice.between(0, 3), () => this.#arm(killAt));
  }

  forward(signal: string, to: "command" | "tree"): void {
    if (this.status !== "alive" || to === "command") return;
    if (signal === "SIGTERM" || signal === "SIGINT") this.#sim.agenda.after(this.#obeysIn, () => this.#reap());
  }

  killTree(): void {
    this.killAsked = true;
    this.#kill();
  }

  /** The guard dies and none can be had in its place. */
  loseGuard(): void {
    if (this.status !== "alive" || !this.guarded) return;
    this.guarded = false;
    this.#disarm();
    this.#owner.hear({ kind: "guard-lost", message: "no guard" });
  }

  /** leader-exec died: the pipe to the guard is closed. */
  orphaned(): void {
    this.#disarm();
    this.#orphan = !this.#struck && (this.status === "alive" || this.status === "gone") && this.existed;
    this.#sim.agenda.after(this.#sim.dice.between(1, 100), () => {
      this.#strike();
      if (this.status === "gone" || this.#sim.hastyGuard) this.#release();
    });
  }

  /** Once the tree is gone, and before the deadline, after which leader-exec's own Lease is about to expire. */
  #release(): void {
    if (!this.#orphan || this.#estate === null) return;
    this.#orphan = false;
    releaseOnBehalf(this.#sim, this.#owner, this.#estate, this.#killAt);
  }

  #arm(killAt: Millis): void {
    this.#killAt = killAt;
    if (this.#struck || !this.guarded || this.#owner.over || this.status === "gone") return;
    this.#disarm();
    const { machine } = this.#owner;
    this.#guardTimer = this.#sim.agenda.at(machine.trueTime(killAt) + machine.lateness(), () => this.#strike());
  }

  #disarm(): void {
    if (this.#guardTimer !== null) this.#guardTimer.action = null;
  }

  #strike(): void {
    this.#struck = true;
    if (this.status === "alive") this.#sim.trace?.(this.#owner.me.identity, "the guard kills");
    this.#kill();
  }

  #spawn(lease: StoredLease, tick: Millis | null): void {
    const { dice, judge, agenda, scenario } = this.#sim;
    const { machine } = this.#owner;
    const calm = agenda.now >= scenario.calmFrom;
    if (this.killAsked || machine.clock() >= this.#killAt || (!calm && dice.chance(0.02))) {
      this.status = "gone";
      this.#owner.deliver({ kind: "command-not-started", failure: { reason: "failed", message: "not started" } });
      return;
    }
    this.status = "alive";
    this.existed = true;
    this.#obeysIn = dice.chance(0.7) ? dice.between(1, 1_500) : Infinity;
    this.#leavesSome = dice.chance(0.25);
    judge.treeStarted(this.#owner, lease);
    if (tick !== null) judge.schedule.started(this.#owner, tick);
    const { schedule } = scenario;
    if (schedule !== null) agenda.after(runOf(schedule, dice), () => this.#reap(dice.chance(0.8) ? 0 : 1));
    else if (scenario.once) agenda.after(dice.between(20, 4_000), () => this.#endByItself());
    else if (scenario.shortCommands && dice.chance(0.7)) {
      agenda.after(dice.between(300, 20_000), () => {
        if (agenda.now < scenario.calmFrom) this.#reap();
      });
    }
    if (this.#struck) this.#kill();
    this.#owner.deliver({ kind: "command-started", pid: 1 });
  }

  #kill(): void {
    if (this.status !== "alive" || this.#dying) return;
    this.#dying = true;
    const { agenda, dice } = this.#sim;
    const takes = dice.chance(0.2) ? dice.between(0, longestKill) : dice.between(0, 20);
    agenda.after(takes * dice.next(), () => this.#ended(sigkill));
    agenda.after(takes, () => this.#gone());
  }

  /** With success or without; leader-exec may be killed before it can record that. */
  #endByItself(): void {
    const { agenda, dice, judge, scenario } = this.#sim;
    if (this.status !== "alive" || this.#dying || this.#reaped) return;
    this.succeeded = dice.chance(0.6);
    if (this.succeeded) judge.once.succeeded(this.#owner);
    if (agenda.now < scenario.calmFrom && dice.chance(0.1)) {
      const owner = this.#owner;
      agenda.after(dice.between(0, 40), () => (this.guarded ? owner.crash() : undefined));
    }
    this.#reap(this.succeeded ? 0 : 1);
  }

  /** The command itself ends; perhaps it leaves some of its tree behind. */
  #reap(code = 0): void {
    if (this.status !== "alive" || this.#dying) return;
    this.#ended({ kind: "exited", code });
    if (!this.#leavesSome) this.#gone();
  }

  #ended(end: CommandEnd): void {
    if (this.#reaped) return;
    this.#reaped = true;
    this.#owner.hear({ kind: "command-ended", end });
  }

  #gone(): void {
    if (this.status === "gone") return;
    this.status = "gone";
    this.#disarm();
    this.#sim.judge.treeGone(this.#owner);
    if (this.#owner.over) this.#release();
    this.#sim.agenda.after(this.#sim.dice.between(0, 20), () => this.#owner.hear({ kind: "tree-gone" }));
  }
}

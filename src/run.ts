import { ourselves } from "./core/elector.ts";
import { initial, nextWake, step } from "./core/lifecycle.ts";
import { lineOf } from "./core/report.ts";
import type { State } from "./core/state.ts";
import type { Candidate, Effect, Event, Millis, Outcome, Turn } from "./core/types.ts";
import type { Watch, World } from "./world.ts";

/** The clock is looked at this often at least, so that a gap (a suspended machine: timers do not count that time) is noticed. */
const lookEvery: Millis = 250;
/** A standby has no command that a gap makes dangerous: after one it only takes over this much later. */
const standbyLooksEvery: Millis = 1_000;

/** What a standby writes is an acquire, and a tick that is being recorded starts its command. */
function isStartExpected(state: State): boolean {
  return state.phase === "standby" || (state.phase === "leading" && state.plan !== null && state.plan.claim !== null);
}

/**
 * The one loop: next event or timer, step, perform the effects. No policy. Every event is preceded by a tick, so that a
 * deadline that has passed goes before whatever else came in. `begin`: the state to begin with. Rejects only when the code itself is wrong.
 */
export function run(world: World, me: Candidate, begin: (turn: Turn) => State = initial): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const { clock, store, command, signals, log } = world;
    const queue: Event[] = [];
    let stepping = false;
    let watch: Watch | null = null;
    let state: State = begin(turn());
    /** When the next tick changes something, on the clock: until then a timer that fires has to look at nothing else. */
    let dueAt: Millis = -Infinity;

    command.listen({
      started: (pid) => deliver({ kind: "command-started", pid }),
      notStarted: (failure) => deliver({ kind: "command-not-started", failure }),
      ended: (end) => deliver({ kind: "command-ended", end }),
      treeGone: () => deliver({ kind: "tree-gone" }),
      guardLost: (message) => deliver({ kind: "guard-lost", message }),
    });
    signals.listen((signal) => deliver({ kind: "signal", signal }));
    world.elections?.listen(() => deliver({ kind: "tick" }));
    deliver({ kind: "tick" });

    function turn(): Turn {
      return {
        at: clock.now(),
        wall: clock.wall(),
        chance: world.random(),
        me,
        elector: world.elections?.elector ?? ourselves,
      };
    }

    function deliver(event: Event): void {
      queue.push(event);
      if (stepping) return;
      stepping = true;
      try {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const now = turn(); // each look at the clock is a system call
          if (next.kind !== "tick") take({ kind: "tick" }, now);
          take(next, { ...now, chance: world.random() });
        }
        const here = turn();
        dueAt = nextWake(state, here);
        sleep(here.at);
      } catch (error) {
        fail(error);
      } finally {
        stepping = false;
      }
    }

    function sleep(now: Millis): void {
      const longest = state.phase === "standby" ? standbyLooksEvery : lookEvery;
      world.wakeIn(Math.min(Math.max(0, dueAt - now), longest), dueAt === Infinity ? null : wake);
    }

    function wake(): void {
      const now = clock.now();
      if (now < dueAt) sleep(now);
      else deliver({ kind: "tick" });
    }

    function take(event: Event, now: Turn): void {
      const before = state;
      const [next, effects] = step(state, event, now);
      state = next;
      // A run is over and the next one is not: what can be done before it is.
      if (state.phase === "standby" && before.phase !== "standby") command.expectStart();
      // What is told waits for what is done: others may wait for that.
      for (const effect of effects) if (effect.kind !== "report") perform(effect);
      for (const effect of effects) if (effect.kind === "report") perform(effect);
      world.observer?.stepped({ before, event, effects, after: state, at: now.at });
    }

    function perform(effect: Effect): void {
      switch (effect.kind) {
        case "read":
          void answer(store.read(effect.deadline), (result) => ({ kind: "read", id: effect.id, result }));
          return;
        case "write":
          if (isStartExpected(state)) command.expectStart();
          void answer(store.write(effect.write, effect.deadline), (result) => ({
            kind: "written",
            id: effect.id,
            result,
          }));
          return;
        case "watch":
          watch?.close();
          watch = store.watch(effect.since, {
            changed: (lease) => deliver({ kind: "watched", lease }),
            deleted: () => deliver({ kind: "watched-deletion" }),
            ended: (reason) => deliver({ kind: "watch-ended", reason }),
          });
          return;
        case "start":
          command.start(effect.lease, effect.killAt, effect.tick);
          return;
        case "guard-until":
          command.guardUntil(effect.killAt);
          return;
        case "forward":
          command.forward(effect.signal, effect.to);
          return;
        case "kill-tree":
          command.killTree();
          return;
        case "candidacy":
          world.elections?.wish(effect.wish);
          return;
        case "report":
          log.write(lineOf(effect.report));
          return;
        case "finish":
          watch?.close();
          resolve(effect.outcome);
          return;
      }
    }

    async function answer<T>(request: Promise<T>, event: (result: T) => Event): Promise<void> {
      try {
        deliver(event(await request));
      } catch (error) {
        fail(error);
      }
    }

    function fail(error: unknown): void {
      world.wakeIn(0, null);
      watch?.close();
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { candidatePath, leasePath, until, type FaultProxy } from "../lab/index.ts";
import type { Candidate } from "../support/candidate.ts";
import { killWithGuard } from "../support/crash.ts";
import { journalNow } from "../support/journal.ts";
import { Fleet } from "./fleet.ts";
import { describeCoordinated } from "./served.ts";

const seed = Number(process.env["LEADER_EXEC_CHURN_SEED"] || Date.now() % 100_000);
const actions = Number(process.env["LEADER_EXEC_CHURN_ACTIONS"] || 12);

/** mulberry32: the same numbers for the same seed. */
function numbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Player {
  readonly candidate: Candidate;
  readonly proxy: FaultProxy;
}

await describeCoordinated("four candidates of three versions", (room) => {
  test(
    `whatever happens to them (seed ${seed}): never two commands, and never none for long`,
    { timeout: 580_000 },
    async (t) => {
      const fleet = await Fleet.open(t, room());
      const random = numbers(seed);
      const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
      const players: Player[] = [];
      let started = 0;
      const add = async (): Promise<void> => {
        const proxy = await fleet.lab.proxy();
        const kubeconfig = await fleet.user.kubeconfig({ server: proxy.url });
        const version = pick(["1.0.0", "1.1.0", "1.2.0"]);
        const cleanup = pick(["0", "300", "3000"]);
        const candidate = await fleet.coordinated(`p${started++}`, version, {
          kubeconfig,
          env: { PROBE_CLEANUP: cleanup },
        });
        players.push({ candidate, proxy });
      };
      const alive = (): Player[] =>
        players.filter(({ candidate: { child } }) => child.exitCode === null && child.signalCode === null);
      const done: string[] = [];
      let healed = Promise.resolve();
      const later = (ms: number, heal: () => unknown): void => {
        healed = healed.then(async () => {
          await pause(ms);
          await heal();
        });
      };
      const deeds: Record<string, (player: Player) => Promise<void>> = {
        SIGTERM: ({ candidate }) => Promise.resolve(candidate.child.kill("SIGTERM")).then(() => undefined),
        "kill -9": ({ candidate }) => Promise.resolve(candidate.child.kill("SIGKILL")).then(() => undefined),
        "kill -9 with guard": ({ candidate }) => killWithGuard(candidate.pid),
        frozen: ({ candidate }) => {
          candidate.child.kill("SIGSTOP");
          later(2_000 + random() * 8_000, () => candidate.child.kill("SIGCONT"));
          return Promise.resolve();
        },
        "cut off": ({ proxy }) => {
          proxy.hold();
          later(1_000 + random() * 8_000, () => proxy.heal());
          return Promise.resolve();
        },
        "LeaseCandidates deleted": async () => {
          await fleet.lab.admin("DELETE", candidatePath(fleet.namespace));
        },
        "Lease deleted": async () => {
          await fleet.lab.admin("DELETE", leasePath(fleet.namespace, fleet.lease));
        },
      };
      for (let index = 0; index < 4; index++) await add();
      await until("one leads", () => fleet.running().length > 0, 60_000);
      for (let index = 0; index < actions; index++) {
        const name = pick(Object.keys(deeds));
        const leader = fleet.running()[0]?.identity ?? "";
        const leading = alive().find(({ candidate }) =>
          candidate.records().some(({ identity }) => identity === leader),
        );
        const player = (random() < 0.7 ? leading : undefined) ?? pick(alive());
        const at = journalNow();
        done.push(`${name}: ${player.candidate.records()[0]?.identity ?? "?"}`);
        await deeds[name]?.(player);
        await pause(random() * 2_500);
        await healed;
        await until(`one leads after "${done.at(-1) ?? ""}"`, () => runsSince(fleet, at + 500), 60_000).catch(
          async (error: unknown) => {
            const history = (await fleet.history.lines()).slice(-40);
            const said = players.map(({ candidate }) => candidate.stderr.split("\n").slice(-12).join("\n"));
            throw new Error([String(error), ...done, ...history, ...said].join("\n"));
          },
        );
        for (let left = alive().length; left < 4; left++) await add();
      }
      for (const { candidate } of players) candidate.child.kill("SIGTERM");
      for (const { candidate } of players) await candidate.exited;
      assert.deepEqual(fleet.journal.overlaps(), [], done.join("\n"));
      t.diagnostic(`${done.join("; ")}; longest without a command: ${longestGap(fleet).toFixed(0)} ms`);
    },
  );
});

const runsSince = (fleet: Fleet, at: number): boolean => fleet.running().some(({ last }) => last > at);

/** The longest time between the last sign of life of one command and the first one of the next. */
function longestGap(fleet: Fleet): number {
  const lives = fleet.journal.lives();
  return Math.max(0, ...lives.slice(1).map(({ first }, index) => first - (lives[index]?.last ?? first)));
}

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { until } from "../lab/index.ts";
import type { Candidate } from "../support/candidate.ts";
import type { Life } from "../support/journal.ts";
import { Fleet } from "./fleet.ts";
import { describeCoordinated } from "./served.ts";

/** Three replicas, of which each one is replaced by one of another version: as a StatefulSet or a Deployment without surge does it. */
class Rollout {
  readonly fleet: Fleet;
  readonly #running = new Map<string, Candidate>();
  readonly #versions = new Map<string, string>();
  #started = 0;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
  }

  get size(): number {
    return this.#running.size;
  }

  async start(version: string): Promise<void> {
    const name = `r${this.#started++}-v${version}`;
    this.#running.set(name, await this.fleet.coordinated(name, version));
    this.#versions.set(name, version);
    await this.fleet.registered(this.#running.size);
  }

  /** Replaces the one that has run for the longest time. */
  async replace(version: string): Promise<void> {
    const [[name, candidate] = []] = this.#running;
    assert.ok(name !== undefined && candidate !== undefined);
    candidate.kill("SIGTERM");
    this.#running.delete(name);
    this.#versions.delete(name);
    await endOf(candidate);
    await this.start(version);
  }

  /** Waits until the command of one with the oldest version runs, as the strategy names it, and nobody is asked to make way. */
  settles(): Promise<Life> {
    const [oldest = ""] = [...this.#versions.values()].sort();
    return until(
      `a candidate of version ${oldest} leads`,
      async () => {
        const leader = this.fleet.running().find(({ identity }) => this.#versionOf(identity) === oldest);
        const { spec } = await this.fleet.read();
        return leader?.identity === spec?.holderIdentity && !spec?.preferredHolder && leader;
      },
      90_000,
      50,
    );
  }

  async end(): Promise<void> {
    for (const candidate of this.#running.values()) candidate.kill("SIGTERM");
    for (const candidate of this.#running.values()) await endOf(candidate);
  }

  #versionOf(identity: string): string | undefined {
    return [...this.#versions].find(([name]) => identity.startsWith(`${name}_`))?.[1];
  }
}

/** 0: its command ended when it was told to; 143: it stood by. */
async function endOf(candidate: Candidate): Promise<void> {
  const code = await candidate.code();
  assert.ok(code === 0 || code === 143, `it ended with ${code ?? "a signal"} and said:\n${candidate.stderr}`);
}

await describeCoordinated("a rolling upgrade", (room) => {
  test(
    "from 1.0.0 to 1.1.0 and back: the oldest version leads at each stage, and never two commands",
    { timeout: 300_000 },
    async (t: TestContext) => {
      const fleet = await Fleet.open(t, room());
      const rollout = new Rollout(fleet);
      const stages: string[] = [];
      const stage = async (name: string): Promise<void> => {
        const { identity } = await rollout.settles();
        stages.push(`${name}: ${identity} leads`);
      };
      while (rollout.size < 3) await rollout.start("1.0.0");
      await stage("three of 1.0.0");
      for (const nth of [1, 2, 3]) {
        await rollout.replace("1.1.0");
        await stage(`${nth} of 3 at 1.1.0`);
      }
      for (const nth of [1, 2, 3]) {
        await rollout.replace("1.0.0");
        await stage(`${nth} of 3 back at 1.0.0`);
      }
      await rollout.end();
      t.diagnostic(`\n${[...stages, "", ...(await fleet.history.lines())].join("\n")}`);
      assert.deepEqual(fleet.journal.overlaps(), []);
      assert.deepEqual(await fleet.history.unwitnessed(fleet.journal), []);
      assert.deepEqual(await fleet.candidates(), []);
    },
  );
});

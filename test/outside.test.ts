import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Step, World } from "../src/world.ts";
import { startHealth } from "../src/outside.ts";
import { addressIn, ask, leaderAt, told } from "./support/ask.ts";
import * as core from "./support/core.ts";

/** A loop that a test turns by hand, on a clock of its own, and what is answered about it. */
async function lookedAt(t: TestContext, readyWhen: "standby" | "leading" = "standby") {
  let now = 0;
  const clock = { now: () => now, wall: () => core.epoch + now };
  const lines: string[] = [];
  const probes = { by: "--health-probe-bind-address", text: "127.0.0.1:0", host: "127.0.0.1", port: 0 };
  const log = { write: ({ message }: { message: string }) => void lines.push(message) };
  const health = await startHealth({
    ...{ probes, metrics: null, readyWhen, leaseName: "job" },
    ...{ timing: core.me.timing, clock, log },
  });
  assert.ok(typeof health === "object", JSON.stringify(health));
  t.after(() => health.close());
  const bare = { clock, wakeIn: () => undefined } as unknown as World;
  const world = health.around(bare, "me", { namespace: "default", name: "job" });
  const address = addressIn(lines[0] ?? "");
  const stepped = (after: Step["after"]): void =>
    world.observer?.stepped({ before: after, event: { kind: "tick" }, effects: [], after, at: now });
  return { address, world, stepped, at: (time: number) => void (now = time), close: () => health.close() };
}

const late = "500 the election loop should have turned 4 s ago and did not";

test("before the loop begins we are healthy, and not ready", async (t) => {
  const { address } = await lookedAt(t);
  assert.equal(await told(address, "/healthz"), "200 ok");
  assert.equal(await told(address, "/readyz"), "503 the election has not begun");
  assert.equal((await leaderAt(address)).phase, "starting");
});

test("a loop whose wake-up does not come is unhealthy and not ready, until it turns again", async (t) => {
  const { address, world, stepped, at } = await lookedAt(t);
  stepped(core.waiting());
  world.wakeIn(1_000, () => undefined);
  at(3_900);
  assert.equal(await told(address, "/healthz"), "200 ok");
  at(4_600);
  assert.equal(await told(address, "/healthz"), late);
  assert.equal(await told(address, "/readyz"), late.replace("500", "503"));
  world.wakeIn(1_000, () => undefined);
  assert.equal(await told(address, "/healthz"), "200 ok");
});

test("a loop that has nothing to wait for is healthy for ever", async (t) => {
  const { address, world, stepped, at } = await lookedAt(t);
  stepped(core.finished());
  world.wakeIn(0, null);
  at(1e9);
  assert.equal(await told(address, "/healthz"), "200 ok");
});

test("a leader with a stale Lease is unhealthy and not ready", async (t) => {
  const { address, stepped, at } = await lookedAt(t, "leading");
  stepped(core.running());
  assert.equal(await told(address, "/readyz"), "200 ok");
  at(16_000);
  assert.match(await told(address, "/healthz"), /^500 leading with a stale Lease: it was last renewed 16 s ago/);
  assert.match(await told(address, "/readyz"), /^503 leading with a stale Lease/);
});

test("/leader tells who leads, since when, and who we are", async (t) => {
  const { address, stepped } = await lookedAt(t);
  const common = { me: "me", lease: "default/job", since: "2026-01-01T00:00:00.000000Z" };
  stepped(core.waiting());
  const standby = { ...common, leading: false, phase: "standby", holder: "other", transitions: 3 };
  assert.deepEqual(await leaderAt(address), standby);
  stepped(core.running());
  const leading = { ...common, leading: true, phase: "leading", holder: "me", transitions: 4 };
  assert.deepEqual(await leaderAt(address), leading);
});

test("who asks after the end is refused", async (t) => {
  const { address, close } = await lookedAt(t);
  close();
  await assert.rejects(ask(address, "/healthz"), /ECONNREFUSED/);
});

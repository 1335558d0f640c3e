import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../lab/index.ts";
import { addressOf, ask, leaderAt, told } from "../support/ask.ts";
import { Candidate, Candidates, folderOf, isThere, product } from "../support/candidate.ts";
import { onEachStore } from "./stores.ts";

const flag = "--health-probe-bind-address";
const probed = [flag, "127.0.0.1:0"];

await onEachStore("probes", (newCandidates) => {
  test("holder and standby are healthy and ready, and both name the holder; so it is after a hand-over", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start({ args: probed });
    const one = await addressOf(first);
    await candidates.journal.start(1);
    const leading = await until("the first leads", async () => {
      const facts = await leaderAt(one);
      return facts.leading && facts;
    });
    const second = candidates.start({ args: probed });
    const two = await addressOf(second);
    const standby = await until("the second sees the first", async () => {
      const facts = await leaderAt(two);
      return facts.holder === leading.me && facts;
    });
    assert.equal(leading.holder, leading.me);
    assert.notEqual(standby.me, leading.me);
    assert.deepEqual([standby.leading, standby.phase], [false, "standby"]);
    const term = ({ lease, since, transitions }: typeof leading) => ({ lease, since, transitions });
    assert.deepEqual(term(standby), term(leading));
    for (const address of [one, two]) {
      assert.equal(await told(address, "/healthz"), "200 ok");
      assert.equal(await told(address, "/readyz"), "200 ok");
    }
    first.kill("SIGTERM");
    assert.equal(await first.code(), 0);
    const now = await until("the second leads", async () => {
      const facts = await leaderAt(two);
      return facts.leading && facts;
    });
    assert.deepEqual([now.holder, now.transitions], [standby.me, (standby.transitions ?? 0) + 1]);
    assert.equal(await told(two, "/healthz"), "200 ok");
    second.kill("SIGTERM");
    await second.exited;
  });

  test("--ready-when leading: only the one whose command runs is ready, and the next one after it", async (t) => {
    const candidates = await newCandidates(t);
    const args = [...probed, "--ready-when", "leading"];
    const first = candidates.start({ args });
    const one = await addressOf(first);
    await until("the first is ready", async () => (await told(one, "/readyz")) === "200 ok");
    const second = candidates.start({ args });
    const two = await addressOf(second);
    await second.says(/^standing by/);
    assert.equal(await told(two, "/readyz"), "503 the command does not run here (--ready-when leading)");
    assert.equal(await told(two, "/healthz"), "200 ok");
    first.kill("SIGTERM");
    await first.exited;
    await until("the second is ready", async () => (await told(two, "/readyz")) === "200 ok");
    second.kill("SIGTERM");
    await second.exited;
  });
});

const onFiles = (t: Parameters<typeof folderOf>[0]) => {
  const leases = join(folderOf(t), "leases");
  return { leases, candidates: new Candidates(t, ["--lease-store", `file:${leases}`]) };
};

test("an address that is taken: 125 and one sentence, and nothing was contended for", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const { leases, candidates } = onFiles(t);
  const candidate = candidates.start({ args: [flag, `127.0.0.1:${port}`] });
  assert.equal(await candidate.code(), 125);
  const messages = candidate.records().map(({ message }) => message);
  assert.deepEqual(messages, [
    `cannot listen on 127.0.0.1:${port} (${flag}): something else listens there already; give another address, or 0 for none`,
  ]);
  assert.ok(!existsSync(leases));
  assert.deepEqual(candidates.journal.lives(), []);
});

test("who cannot reach the API server is healthy, but not ready: a rollout with a mistake in it must stop", async (t) => {
  const kubeconfig = join(folderOf(t), "kubeconfig");
  const named = (kind: string, more: object) => [{ name: "a", [kind]: more }];
  const config = {
    clusters: named("cluster", { server: "http://127.0.0.1:1" }),
    contexts: named("context", { cluster: "a", user: "a" }),
    users: named("user", {}),
    "current-context": "a",
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const candidate = new Candidates(t, ["--kubeconfig", kubeconfig]).start({ args: probed });
  const address = await addressOf(candidate);
  await candidate.says(/trying again/);
  assert.equal(await told(address, "/healthz"), "200 ok");
  assert.equal(await told(address, "/readyz"), "503 the Lease was not seen yet");
  candidate.kill("SIGTERM");
  await candidate.exited;
});

test("without election the one that runs the command is healthy, ready and leading", async (t) => {
  const candidate = new Candidate(t, {
    args: [...probed, "--ready-when", "leading", "--log-format", "json"],
    command: ["sleep", "60"],
  });
  const address = await addressOf(candidate);
  await until("it is ready", async () => (await told(address, "/readyz")) === "200 ok");
  assert.equal(await told(address, "/healthz"), "200 ok");
  const nothing = { me: null, lease: null, holder: null, since: null, transitions: null };
  assert.deepEqual(await leaderAt(address), { ...nothing, leading: true, phase: "direct" });
  candidate.kill("SIGTERM");
  assert.equal(await candidate.code(), 143);
});

test("a frozen leader answers nothing, which a probe takes for unhealthy; when it wakes up it has lost", async (t) => {
  const { candidates } = onFiles(t);
  const frozen = candidates.start({ args: probed });
  const address = await addressOf(frozen);
  const life = await candidates.journal.start(1);
  frozen.kill("SIGSTOP");
  await assert.rejects(ask(address, "/healthz", "GET", 1_000), /abort/i);
  await until("the guard kills the command", () => !isThere(life.pid));
  frozen.kill("SIGCONT");
  assert.equal(await frozen.code(), 75);
});

test("hundreds of clients at once, and slow ones, do not keep the Lease from being renewed in time", async (t) => {
  const { leases, candidates } = onFiles(t);
  const leader = candidates.start({ args: [...probed, "--metrics-bind-address", "127.0.0.1:0"] });
  const address = await addressOf(leader);
  await candidates.journal.start(1);
  const [host, port] = address.split(":");
  for (let count = 0; count < 50; count++) {
    const slow = connect(Number(port), host).on("error", () => undefined);
    t.after(() => slow.destroy());
    if (count % 2 === 0) slow.write("GET /leader HTTP/1.1\r\n");
  }
  let [answers, isOver] = [0, false];
  const crowd = Array.from({ length: 300 }, async (_, index) => {
    while (!isOver) {
      // Who comes late may be cut off: so many are not served at once.
      const reply = await ask(address, index % 2 === 0 ? "/leader" : "/metrics").catch(() => null);
      if (reply !== null) answers += Number(reply.status === 200);
    }
  });
  const versions = (): number[] =>
    readdirSync(join(leases, "default", "leader-exec"))
      .filter((name) => name.endsWith(".json"))
      .map((name) => Number.parseInt(name))
      .sort((a, b) => a - b);
  const from = versions().at(-1) ?? 0;
  await until("ten renewals", () => (versions().at(-1) ?? 0) >= from + 10, 60_000, 100);
  isOver = true;
  await Promise.all(crowd);
  assert.ok(answers > 300, `${answers} answers`);
  const renewTimes = versions().map((version) => {
    const text = readFileSync(join(leases, "default", "leader-exec", `${version}.json`), "utf8");
    const { spec } = JSON.parse(text) as { spec: { renewTime: string } };
    return Date.parse(spec.renewTime);
  });
  const gaps = renewTimes.slice(1).map((time, index) => time - (renewTimes[index] ?? 0));
  assert.ok(Math.max(...gaps) < 2_000, `each within the renew deadline: ${gaps.join(", ")} ms`);
  assert.deepEqual(
    leader.records().filter(({ level }) => level !== "info"),
    [],
  );
  assert.equal(await told(address, "/healthz"), "200 ok");
  assert.equal(candidates.journal.lives().length, 1);
  t.diagnostic(`${answers} answers during 10 renewals, at most ${Math.max(...gaps)} ms apart`);
  leader.kill("SIGTERM");
  assert.equal(await leader.code(), 0);
});

test("whoever is connected at the end is cut off, and the Lease is released all the same", async (t) => {
  const { candidates } = onFiles(t);
  const first = candidates.start({ args: probed });
  const [host, port] = (await addressOf(first)).split(":");
  await candidates.journal.start(1);
  const second = candidates.start();
  await second.says(/^standing by/);
  first.kill("SIGTERM");
  const silent = connect(Number(port), host).on("error", () => undefined);
  const closed = once(silent, "close");
  assert.equal(await first.code(), 0);
  await closed;
  await second.says(/^acquired the Lease: it was free/);
  second.kill("SIGTERM");
  await second.exited;
});

test("nothing that answers is loaded unless an address is given", async (t) => {
  const folder = folderOf(t);
  const root = join(product, "..", "..");
  for (const part of ["bin", "dist"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  rmSync(join(folder, "dist", "metrics.cjs"));
  const run = (...args: string[]) =>
    new Candidate(t, { instead: [process.execPath, join(folder, "bin", "leader-exec.cjs"), ...args, "--", "true"] });
  const store = ["--enable-leader-election", "--lease-store", `file:${folder}/leases`];
  assert.equal(await run(...store, ...probed).code(), 0, "probes need nothing of the metrics");
  const counted = run(...store, "--metrics-bind-address", "127.0.0.1:0");
  assert.equal(await counted.code(), 125);
  assert.match(counted.stderr, /metrics\.cjs/);
  rmSync(join(folder, "dist", "health.cjs"));
  assert.equal(await run(...store).code(), 0);
  const asked = run(...store, ...probed);
  assert.equal(await asked.code(), 125);
  assert.match(asked.stderr, /health\.cjs/);
});

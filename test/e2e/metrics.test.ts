import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lab/index.ts";
import { addressOf, ask, told } from "../support/ask.ts";
import { Candidate, folderOf } from "../support/candidate.ts";
import { scrape } from "../support/scrape.ts";
import { onEachStore } from "./stores.ts";

const anywhere = "127.0.0.1:0";
const counted = ["--metrics-bind-address", anywhere];

await onEachStore("metrics", (newCandidates) => {
  test("a leader and a standby are scraped, before and after a hand-over", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start({ args: counted });
    const one = await addressOf(first, "/metrics");
    const life = await candidates.journal.start(1);
    const second = candidates.start({ args: counted });
    const two = await addressOf(second, "/metrics");
    await second.says(/^standing by/);
    const { samples, types } = await until("three renewals are counted", async () => {
      const seen = await scrape(one);
      return (of(seen.samples, "leader_exec_renewals_total", "confirmed") ?? 0) >= 3 && seen;
    });
    assert.equal(of(samples, "leader_election_master_status"), 1);
    assert.equal(of(samples, "leader_exec_acquisitions_total"), 1);
    assert.equal(of(samples, "leader_exec_command_running"), 1);
    assert.ok((of(samples, "leader_exec_leading_seconds_total") ?? 0) > 0);
    const margin = of(samples, "leader_exec_smallest_safety_margin_seconds") ?? 0;
    assert.ok(margin > 0 && margin <= 3.45, `${margin} s of at most 0.99 x 5 s - 1.5 s`);
    assert.ok((of(samples, "leader_exec_request_duration_seconds_count", "update", "ok") ?? 0) >= 3);
    for (const name of types.keys()) assert.match(name, /^leader_(exec|election)_/);
    const standby = await scrape(two);
    assert.equal(of(standby.samples, "leader_election_master_status"), 0);
    assert.equal(of(standby.samples, "leader_exec_command_running"), 0);
    const transitions = of(samples, "leader_exec_lease_transitions") ?? NaN;
    assert.equal(of(standby.samples, "leader_exec_lease_transitions"), transitions);
    first.kill("SIGTERM");
    await candidates.journal.signal(life.pid, "SIGTERM");
    assert.equal(await first.code(), 0);
    const next = await until("the second leads", async () => {
      const seen = await scrape(two);
      return of(seen.samples, "leader_exec_command_running") === 1 && seen;
    });
    assert.equal(of(next.samples, "leader_election_master_status"), 1);
    assert.equal(of(next.samples, "leader_exec_lease_transitions"), transitions + 1);
    second.kill("SIGTERM");
    await second.exited;
  });

  test("equal addresses share a listener, others each have their own", async (t) => {
    const candidates = await newCandidates(t);
    const shared = candidates.start({ args: [...counted, "--health-probe-bind-address", anywhere] });
    const { message } = await shared.says(/^answering /);
    assert.match(message, /^answering \/healthz, \/readyz, \/leader, \/metrics on 127\.0\.0\.1:\d+$/);
    const all = await addressOf(shared);
    assert.equal(await told(all, "/healthz"), "200 ok");
    await scrape(all);
    const apart = candidates.start({ args: [...counted, "--health-probe-bind-address", "localhost:0"] });
    const [probes, metrics] = [await addressOf(apart, "/healthz"), await addressOf(apart, "/metrics")];
    assert.notEqual(probes, metrics);
    await scrape(metrics);
    assert.equal((await ask(probes, "/metrics")).status, 404);
    assert.equal((await ask(metrics, "/healthz")).status, 404);
    for (const candidate of [shared, apart]) {
      candidate.kill("SIGTERM");
      await candidate.exited;
    }
  });
});

test("the ticks of a schedule and the runs of its command are counted in one process", async (t) => {
  const args = ["--enable-leader-election", "--lease-store", `file:${folderOf(t)}/leases`, "--schedule", "* * * * * *"];
  const command = ["sh", "-c", "exit 3"];
  const candidate = new Candidate(t, { args: [...args, ...counted, "--log-format", "json"], command });
  const address = await addressOf(candidate, "/metrics");
  const samples = await until(
    "two runs are counted",
    async () => {
      const seen = (await scrape(address)).samples;
      return (of(seen, "leader_exec_command_runs_total", "3") ?? 0) >= 2 && seen;
    },
    30_000,
  );
  assert.ok((of(samples, "leader_exec_ticks_total", "run") ?? 0) >= 2);
  assert.equal(of(samples, "leader_election_master_status"), 1, "between two ticks it leads");
  candidate.kill("SIGTERM");
  await candidate.exited;
});

test("without election the command's runs are counted", async (t) => {
  const candidate = new Candidate(t, { args: [...counted, "--log-format", "json"], command: ["sleep", "60"] });
  const address = await addressOf(candidate, "/metrics");
  const { samples } = await until("the command runs", async () => {
    const seen = await scrape(address);
    return of(seen.samples, "leader_exec_command_running") === 1 && seen;
  });
  assert.deepEqual(
    [...samples.keys()].filter((name) => name.includes("election")),
    [],
  );
  candidate.kill("SIGTERM");
  await candidate.exited;
});

test("an address for metrics that is taken: 125 and one sentence, and the probes' listener is closed again", async (t) => {
  const other = new Candidate(t, { args: [...counted, "--log-format", "json"], command: ["sleep", "60"] });
  const taken = await addressOf(other, "/metrics");
  const args = ["--health-probe-bind-address", anywhere, "--metrics-bind-address", taken, "--log-format", "json"];
  const candidate = new Candidate(t, { args, command: ["sleep", "60"] });
  assert.equal(await candidate.code(), 125);
  const messages = candidate.records().map(({ message }) => message);
  assert.match(messages[0] ?? "", /^answering \/healthz, \/readyz, \/leader on /);
  assert.match(messages[1] ?? "", /^cannot listen on \S+ \(--metrics-bind-address\): something else listens there/);
  assert.equal(messages.length, 2);
  other.kill("SIGTERM");
  await other.exited;
});

/** The value of the one sample of this name that has these values among its labels. */
function of(samples: ReadonlyMap<string, number>, name: string, ...labels: readonly string[]): number | undefined {
  const keys = [...samples.keys()].filter(
    (key) => key.split("{", 1)[0] === name && labels.every((label) => key.includes(`"${label}"`)),
  );
  assert.ok(keys.length <= 1, keys.join(", "));
  return samples.get(keys[0] ?? "");
}

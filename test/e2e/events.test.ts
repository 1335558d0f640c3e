import assert from "node:assert/strict";
import { test } from "node:test";
import { describeWithLab, type Lab } from "../lab/index.ts";
import { announced, isRelease, mayRecord, type Announced } from "../support/announced.ts";
import { pathProxy, type Verdict } from "../support/path-proxy.ts";

interface KubeEvent {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly source: { readonly component?: string };
  readonly involvedObject: Readonly<Record<string, string>>;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: number;
}

/** Asks as `kubectl describe lease` does, for the Events of this very object. */
async function eventsOf(lab: Lab, { namespace, lease, leasePath }: Announced): Promise<KubeEvent[]> {
  const uid = (await lab.admin("GET", leasePath)).object.metadata?.uid ?? "";
  const selector = { name: lease, namespace, kind: "Lease", uid };
  const fields = Object.entries(selector).map(([name, value]) => `involvedObject.${name}=${value}`);
  const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent(fields.join())}`;
  return ((await lab.admin("GET", path)).object.items ?? []) as unknown as KubeEvent[];
}

/** With the usual times. */
const recorded = "--events --lease-duration 15s --renew-deadline 10s --retry-period 2s --kill-after 3s".split(" ");
const isPost = (asked: string): boolean => asked.startsWith("POST") && asked.includes("/events");
const warnings = (records: readonly { level: string; message: string }[]): string[] =>
  records.filter(({ level }) => level !== "info").map(({ message }) => message);

/** One leads and hands over to the other one, which then ends as well. */
async function bothLead({ candidates }: Announced) {
  const first = candidates.start({ args: recorded });
  await candidates.journal.start(1);
  const second = candidates.start({ args: recorded });
  await second.says(/^standing by/);
  first.kill("SIGTERM");
  assert.equal(await first.code(), 0);
  await candidates.journal.start(2);
  second.kill("SIGTERM");
  assert.equal(await second.code(), 0);
  return [first, second] as const;
}

await describeWithLab("Events", (lab) => {
  test("kubectl describe shows who became leader and who stopped leading, as of any client-go program", async (t) => {
    const on = await announced(lab(), t, [mayRecord]);
    const [first, second] = await bothLead(on);
    const events = await eventsOf(lab(), on);
    const who = [first, second].map((each) => each.records().find(({ phase }) => phase === "leading")?.identity ?? "");
    const expected = who.flatMap((each) => [`${each} became leader`, `${each} stopped leading`]);
    assert.deepEqual(events.map(({ message }) => message).sort(), expected.sort());
    const object = (await lab().admin("GET", on.leasePath)).object;
    for (const { type, reason, source, involvedObject, metadata, count, ...times } of events) {
      assert.deepEqual([type, reason, source, count], ["Normal", "LeaderElection", { component: "leader-exec" }, 1]);
      const { resourceVersion, ...rest } = involvedObject;
      const { name = "", namespace = "", uid = "" } = object.metadata ?? {};
      assert.deepEqual(rest, { kind: "Lease", apiVersion: "coordination.k8s.io/v1", name, namespace, uid });
      assert.match(resourceVersion ?? "", /^\d+$/);
      assert.match(metadata.name, /^job\.[0-9a-f]{16}$/);
      assert.ok(Math.abs(Date.parse(times.firstTimestamp) - Date.now()) < 120_000, times.firstTimestamp);
      assert.equal(times.lastTimestamp, times.firstTimestamp);
    }
    assert.deepEqual(warnings(second.records()).slice(0, -1), [], "nothing but the closing line");
  });

  test("without the flag nobody asks for Events", async (t) => {
    const on = await announced(lab(), t, []);
    const candidate = on.candidates.start({ args: recorded.slice(1) });
    await on.candidates.journal.start(1);
    candidate.kill("SIGTERM");
    assert.equal(await candidate.code(), 0);
    assert.deepEqual(await on.requests(({ resource }) => resource === "events"), []);
  });

  test("without the right it is said once which rule is missing, and all else goes on", async (t) => {
    const on = await announced(lab(), t, []);
    const candidate = on.candidates.start({ args: recorded });
    await candidate.says(/^no Event "\S+ became leader" on the Lease \(--events\), and nothing else depends on it: /);
    await on.candidates.journal.start(1);
    candidate.kill("SIGTERM");
    assert.equal(await candidate.code(), 0);
    const denied = await on.requests(({ resource }) => resource === "events");
    assert.deepEqual(
      denied.map(({ status }) => status),
      [403, 403],
    );
    const [warning = "", ...more] = warnings(candidate.records()).slice(0, -1);
    assert.deepEqual(more, []);
    assert.ok(warning.includes('{apiGroups: [""], resources: ["events"], verbs: ["create"]}'), warning);
    assert.equal((await on.requests((entry) => isRelease(entry) && entry.status === 200)).length, 1);
  });

  test("Events that are never answered delay neither the next leader nor the end", async (t) => {
    const proxy = await pathProxy(t, lab(), (asked) => (isPost(asked) ? "hang" : "pass"));
    const on = await announced(lab(), t, [mayRecord], proxy.url);
    await bothLead(on);
    assert.deepEqual(await eventsOf(lab(), on), []);
    assert.ok(proxy.asked.filter(isPost).length >= 4, proxy.asked.join("\n"));
    assert.deepEqual(on.candidates.journal.overlaps(), []);
  });

  test("an Event API that fails is asked again a few times, also at the end; a short trouble loses no Event", async (t) => {
    let [verdict, failures]: [Verdict, number] = ["fail", 0];
    const proxy = await pathProxy(t, lab(), (asked) => {
      if (!isPost(asked)) return "pass";
      if (verdict !== "pass") failures++;
      return verdict;
    });
    const on = await announced(lab(), t, [mayRecord], proxy.url);
    const candidate = on.candidates.start({ args: recorded });
    await candidate.says(/^no Event "\S+ became leader".*turned it down \(HTTP 500\), saying "broken"$/);
    assert.equal(failures, 3);
    verdict = "pass";
    candidate.kill("SIGTERM");
    assert.equal(await candidate.code(), 0);
    assert.match((await eventsOf(lab(), on)).map(({ message }) => message).join(), /^\S+ stopped leading$/);
    verdict = "reset";
    const next = on.candidates.start({ args: recorded });
    await on.candidates.journal.start(2);
    next.kill("SIGTERM"); // while it pauses before the second try
    verdict = "pass";
    assert.equal(await next.code(), 0);
    assert.equal((await eventsOf(lab(), on)).length, 3);
  });
});

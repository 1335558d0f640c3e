/** status --watch and step-down when something goes wrong on the way. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { describeWithLab, leasePath, until, type Lab } from "../lab/index.ts";
import { Candidate, product, type Candidates } from "../support/candidate.ts";
import { pathProxy, type Verdict } from "../support/path-proxy.ts";
import { answerOf } from "../support/subcommand.ts";
import { onEachStore, onServer } from "./stores.ts";

const stepDown = (t: TestContext, { args }: Candidates, ...more: string[]) => {
  const named = args.includes("--lease-name");
  return answerOf(t, ["step-down", ...args, ...(named ? [] : ["leader-exec"]), ...more]);
};
const watching = (t: TestContext, args: readonly string[]): Candidate =>
  new Candidate(t, { instead: [process.execPath, product, "status", "--watch", ...args] });

async function identityOf(candidate: Candidate): Promise<string> {
  const { identity = "" } = await candidate.says(/^(acquired|standing by)/);
  return identity;
}

await onEachStore("step-down in bad luck", (newCandidates) => {
  test("--wait over a command that takes its time: 4, and the holder still holds the Lease", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start({ env: { PROBE_IGNORES: "yes" } });
    const { pid } = await candidates.journal.start(1);
    const late = await stepDown(t, candidates, "--wait", "--wait-timeout", "1s");
    assert.equal(late.code, 4, late.stderr);
    assert.match(late.stderr, / still holds the Lease .* after 1s; look at its log: its command may take long to end/);
    await candidates.journal.signal(pid, "SIGTERM");
    assert.deepEqual(
      first.records().filter(({ message }) => message.startsWith("stepped down")),
      [],
    );
  });

  test("--wait where nobody else is there: 4, and the holder has taken the Lease again after its rest", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start();
    await candidates.journal.start(1);
    const again = await stepDown(t, candidates, "--wait");
    assert.equal(again.code, 4, again.stderr);
    assert.match(again.stderr, /released the Lease .* and has taken it again, since nobody else did; start a standby/);
    await candidates.journal.start(2);
    await first.says(/^stepped down; .*; standing by, and not contending for 5s$/);
  });

  test("a holder that is killed while it steps down: its command dies, and the next one starts alone", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start({ env: { PROBE_CLEANUP: "60000" } });
    const { pid } = await candidates.journal.start(1);
    const second = candidates.start();
    await second.says(/^standing by/);
    assert.equal((await stepDown(t, candidates)).code, 0);
    await candidates.journal.signal(pid, "SIGTERM");
    first.kill("SIGKILL");
    await candidates.journal.start(2);
    assert.deepEqual(candidates.journal.overlaps(), []);
    const { stdout } = await answerOf(t, ["status", ...candidates.args, "-o", "json"]);
    const now = JSON.parse(stdout) as { holder: string; stepDownRequest: string | null };
    assert.deepEqual([now.holder, now.stepDownRequest], [await identityOf(second), null]);
    await second.says(/^started/);
    assert.deepEqual(
      second.records().filter(({ message }) => /asked to step down/.test(message)),
      [],
    );
  });

  test("a leader whose schedule has nothing to run hands over at once, and runs nothing", async (t) => {
    const candidates = await newCandidates(t);
    const yearly = { args: ["--schedule", "0 0 29 2 *"] };
    const first = candidates.start(yearly);
    await first.says(/^acquired/);
    const second = candidates.start(yearly);
    await second.says(/^standing by/);
    const asked = await stepDown(t, candidates, "--wait");
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(asked.stdout, new RegExp(`\n${await identityOf(second)} is the holder of `));
    await first.says(/^stepped down; .*not contending for 5s$/);
    assert.deepEqual(candidates.journal.lives(), []);
  });
});

await describeWithLab("steering on a server in bad luck", (lab) => {
  test("a holder that is not leader-exec is not asked: 3", async (t) => {
    const { candidates, namespace, lease } = await onServer(lab(), t);
    await foreignLease(lab(), namespace, lease, "replica-2");
    const { code, stderr } = await stepDown(t, candidates);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /^leader-exec: replica-2, the holder of .*, is not leader-exec and would not answer; restart/);
    assert.deepEqual(await annotations(lab(), namespace, lease), {});
  });

  test("a holder that changes before the request arrives: 2, and the new one is not asked", async (t) => {
    const { candidates, user, namespace, lease } = await onServer(lab(), t);
    const first = candidates.start();
    await candidates.journal.start(1);
    const second = candidates.start();
    await second.says(/^standing by/);
    const proxy = await pathProxy(t, lab(), async (asked): Promise<Verdict> => {
      if (!asked.startsWith("PUT ") || first.isClosed) return "pass";
      first.kill("SIGTERM");
      await first.exited;
      await candidates.journal.start(2);
      return "pass";
    });
    const kubeconfig = await user.kubeconfig({ server: proxy.url });
    const { code, stderr } = await answerOf(t, ["step-down", lease, "--kubeconfig", kubeconfig]);
    assert.equal(code, 2, stderr);
    const [one, two] = [await identityOf(first), await identityOf(second)];
    const sentence = `${one} gave up the Lease ${namespace}/${lease} before it was asked; ${two} is the holder now, and was not asked`;
    assert.equal(stderr, `leader-exec: ${sentence}\n`);
    assert.equal((await annotations(lab(), namespace, lease))["leader-exec/step-down"], undefined);
  });

  test("a request that was left behind for an old holder stops nobody, and is gone with the next renewal", async (t) => {
    const { candidates, namespace, lease } = await onServer(lab(), t);
    const first = candidates.start();
    await candidates.journal.start(1);
    const old = '{"v":1,"holder":"worker-0_1","id":"1f"}';
    await until("the request is written", async () => {
      const path = leasePath(namespace, lease);
      const { object } = await lab().admin("GET", path);
      const metadata = {
        ...object.metadata,
        annotations: { ...object.metadata?.annotations, "leader-exec/step-down": old },
      };
      return (await lab().admin("PUT", path, { ...object, metadata })).status === 200;
    });
    await until("it is gone", async () => !("leader-exec/step-down" in (await annotations(lab(), namespace, lease))));
    assert.deepEqual(
      first.records().filter(({ message }) => /step down|lost/.test(message)),
      [],
    );
    assert.deepEqual(candidates.journal.lives()[0]?.signals, []);
  });

  test("status --watch goes on over an outage, says so once, and tells who leads afterwards", async (t) => {
    const { candidates, user, lease } = await onServer(lab(), t);
    const first = candidates.start();
    await candidates.journal.start(1);
    const proxy = await lab().proxy();
    const kubeconfig = await user.kubeconfig({ server: proxy.url });
    const watch = watching(t, ["--kubeconfig", kubeconfig, lease]);
    await until("it tells who leads", () => watch.stdout.includes(" leads, since "));
    proxy.refuseNewConnections();
    proxy.reset();
    await until("the outage is told", () => watch.stderr.includes("; still looking\n"));
    const second = candidates.start();
    await second.says(/^standing by/);
    first.kill("SIGTERM");
    await candidates.journal.start(2);
    await proxy.heal();
    const two = await identityOf(second);
    await until("the new holder is told", () => watch.stdout.includes(`${two} leads`));
    assert.match(watch.stderr, /^leader-exec: .*; still looking\n[^]*leader-exec: the Lease can be read again\n$/);
    watch.child.kill("SIGINT");
    assert.deepEqual(await watch.exited, { code: 0, signal: null });
  });

  test("status --watch needs no more than the verb get", async (t) => {
    const { candidates, namespace, lease } = await onServer(lab(), t);
    const rule = { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: [lease], verbs: ["get"] };
    const reader = await lab().user(namespace, lease, [rule]);
    candidates.start();
    await candidates.journal.start(1);
    const second = candidates.start();
    await second.says(/^standing by/);
    const watch = watching(t, ["--kubeconfig", await reader.kubeconfig(), lease]);
    await until("it tells who leads", () => watch.stdout.includes(" leads, since "));
    assert.equal((await stepDown(t, candidates, "--wait")).code, 0);
    await until("the hand-over is told", async () => watch.stdout.includes(`${await identityOf(second)} leads`));
    assert.equal(watch.stderr, "");
    watch.child.kill("SIGINT");
    assert.deepEqual(await watch.exited, { code: 0, signal: null });
  });
});

async function annotations(lab: Lab, namespace: string, lease: string): Promise<Record<string, string>> {
  const { object } = await lab.admin("GET", leasePath(namespace, lease));
  return object.metadata?.annotations ?? {};
}

async function foreignLease(lab: Lab, namespace: string, name: string, holderIdentity: string): Promise<void> {
  const now = new Date().toISOString().replace("Z", "000Z");
  const spec = { holderIdentity, leaseDurationSeconds: 600, acquireTime: now, renewTime: now, leaseTransitions: 0 };
  const { status, text } = await lab.admin("POST", leasePath(namespace), { metadata: { name }, spec });
  assert.equal(status, 201, text);
}

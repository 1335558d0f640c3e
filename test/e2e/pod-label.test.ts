import assert from "node:assert/strict";
import { test } from "node:test";
import { describeWithLab, until } from "../lab/index.ts";
import {
  announced,
  isAddition,
  isRelease,
  isRemoval,
  label,
  mayLabel,
  mayRecord,
  wallOf,
} from "../support/announced.ts";
import { Candidate, Candidates, folderOf, product } from "../support/candidate.ts";
import { pathProxy, type Verdict } from "../support/path-proxy.ts";

/** Usual times: what a busy machine does to short ones is not what is tested here. */
const times = "--lease-duration 15s --renew-deadline 10s --retry-period 2s --kill-after 3s".split(" ");
const labelled = ["--label-pod", label, ...times];
const key = "leader-exec/role";
const isPatch = (asked: string): boolean => asked.startsWith("PATCH");
/** It was said, and no cause twice in a row. */
function assertNotRepeated(candidate: Candidate): void {
  const said = candidate.records().filter(isPodLabel);
  assert.ok(said.length > 0 && said.every(({ level }) => level === "warn"), JSON.stringify(said));
  for (const [index, { message }] of said.entries()) assert.notEqual(message, said[index + 1]?.message);
}
const isPodLabel = ({ message }: { message: string }): boolean => message.includes("the label");

await describeWithLab("--label-pod", (lab) => {
  test("the label is on the pod before the command's first line, and gone before the Lease is released", async (t) => {
    const on = await announced(lab(), t, [mayLabel]);
    for (const pod of ["a", "b"]) await on.createPod(pod, { app: "worker" });
    const first = on.candidates.start({ args: labelled, env: on.env("a") });
    const one = await on.candidates.journal.start(1);
    assert.deepEqual(await on.labels("a"), { app: "worker", [key]: "leader" });
    const second = on.candidates.start({ args: labelled, env: on.env("b") });
    await second.says(/^standing by/);
    assert.deepEqual(await on.labels("b"), { app: "worker" });
    first.kill("SIGTERM");
    assert.equal(await first.code(), 0);
    const two = await on.candidates.journal.start(2);
    assert.deepEqual(
      [await on.labels("a"), await on.labels("b")],
      [{ app: "worker" }, { app: "worker", [key]: "leader" }],
    );
    second.kill("SIGTERM");
    assert.equal(await second.code(), 0);
    assert.deepEqual(await on.labels("b"), { app: "worker" });
    for (const [pod, life] of [
      ["a", one],
      ["b", two],
    ] as const) {
      const patches = await on.requests(({ verb, name }) => verb === "patch" && name === pod);
      const [added, removed] = [patches.find(isAddition), patches.filter(isRemoval).at(-1)];
      assert.ok((added?.doneAt ?? Infinity) < wallOf(life.first), "set before the command's first line");
      const releases = (await on.requests(isRelease)).filter(({ at }) => at > wallOf(life.last));
      assert.ok((removed?.doneAt ?? Infinity) < (releases[0]?.at ?? 0), "gone before the release");
      assert.ok((removed?.at ?? 0) > wallOf(life.first));
    }
    assert.deepEqual([...first.records(), ...second.records()].filter(isPodLabel), []);
  });

  test("without the right: one sentence with the rule, the command runs; once it is granted, the label comes", async (t) => {
    const on = await announced(lab(), t, []);
    await on.createPod("a");
    const candidate = on.candidates.start({ args: labelled, env: on.env("a") });
    await candidate.says(
      /^the label leader-exec\/role=leader \(--label-pod\) of the pod \S+ cannot be changed, .* patch pods .*403.*add this rule/,
    );
    await on.candidates.journal.start(1);
    // What is denied is logged without its body.
    await until("a second try", async () => (await on.requests(({ verb }) => verb === "patch")).length >= 3);
    assertNotRepeated(candidate);
    await on.user.role.set([...on.user.role.rules, mayLabel]);
    await candidate.says(/^the label leader-exec\/role=leader is on the pod/, 90_000);
    assert.deepEqual(await on.labels("a"), { [key]: "leader" });
    candidate.kill("SIGTERM");
    assert.equal(await candidate.code(), 0);
    assert.deepEqual(await on.labels("a"), {});
  });

  test("a pod that is not there, or no pod at all: one sentence says what to set, and the command runs", async (t) => {
    const on = await announced(lab(), t, [mayLabel]);
    const lost = on.candidates.start({ args: labelled, env: on.env("nobody") });
    await on.candidates.journal.start(1);
    await until("a second try", async () => (await on.requests(isAddition)).length >= 2);
    lost.kill("SIGTERM");
    assert.equal(await lost.code(), 0);
    assertNotRepeated(lost);
    assert.match(
      lost.records().findLast(isPodLabel)?.message ?? "",
      /there is no such pod on https.*; set POD_NAME and POD_NAMESPACE by the downward API/,
    );
    const none = on.candidates.start({ args: labelled });
    await on.candidates.journal.start(2);
    none.kill("SIGTERM");
    assert.equal(await none.code(), 0);
    assert.match(
      none.records().find(isPodLabel)?.message ?? "",
      /is on no pod, because this is none: .* or leave --label-pod out$/,
    );
  });

  test("a label that a crash left is taken off at the next start of that pod, and nothing of anybody else's", async (t) => {
    const on = await announced(lab(), t, [mayLabel]);
    await on.createPod("a", { app: "worker" });
    await on.createPod("b", { [key]: "follower" });
    const crashed = on.candidates.start({ args: labelled, env: on.env("a") });
    await on.candidates.journal.start(1);
    crashed.kill("SIGKILL");
    await crashed.exited;
    const next = on.candidates.start({ args: times, env: on.env("c") });
    await on.candidates.journal.start(2);
    assert.deepEqual(await on.labels("a"), { app: "worker", [key]: "leader" }, "nobody is there to take it off");
    const [again, other] = ["a", "b"].map((pod) => on.candidates.start({ args: labelled, env: on.env(pod) }));
    await until("the stale label is gone", async () => !(key in (await on.labels("a"))));
    await until(
      "b has asked too",
      async () => (await on.requests((entry) => isRemoval(entry) && entry.name === "b"))[0],
    );
    assert.deepEqual([await on.labels("a"), await on.labels("b")], [{ app: "worker" }, { [key]: "follower" }]);
    for (const candidate of [again, other, next]) {
      candidate?.kill("SIGTERM");
      await candidate?.exited;
      assert.deepEqual(candidate?.records().filter(isPodLabel), []);
    }
  });

  test("a command that cannot be started leaves no label behind", async (t) => {
    const on = await announced(lab(), t, [mayLabel]);
    await on.createPod("a");
    const folder = folderOf(t); // found and executable, yet no program
    const candidate = on.candidates.start({ args: labelled, env: on.env("a"), command: [folder] });
    assert.equal(await candidate.code(), 126);
    const broken = on.candidates.start({ args: labelled, env: on.env("a"), command: ["sh", "-c", "exit 7"] });
    assert.equal(await broken.code(), 7);
    assert.deepEqual(await on.labels("a"), {});
    const [release] = await on.requests(isRelease);
    const removed = (await on.requests(isRemoval)).at(-1);
    assert.ok((removed?.doneAt ?? Infinity) < (release?.at ?? 0));
  });

  test("with --schedule the label is there for as long as this candidate leads, and is not touched at ticks", async (t) => {
    const on = await announced(lab(), t, [mayLabel]);
    await on.createPod("a");
    const schedule = ["--schedule", "* * * * * *"];
    const args = [...labelled, ...schedule];
    const candidate = on.candidates.start({ args, env: { ...on.env("a"), PROBE_FOR: "50" } });
    await on.candidates.journal.start(3);
    assert.equal((await on.requests(isAddition)).length, 1);
    await until("the time between two ticks", () => candidate.records().at(-1)?.message.includes("is done"));
    assert.deepEqual(await on.labels("a"), { [key]: "leader" });
    candidate.kill("SIGTERM");
    await candidate.exited;
    assert.deepEqual(await on.labels("a"), {});
    const [removed, release] = [(await on.requests(isRemoval)).at(-1), (await on.requests(isRelease)).at(-1)];
    assert.ok((removed?.doneAt ?? Infinity) < (release?.at ?? 0), "gone before the release");
  });

  test("who steps down and leads again later takes the label off and puts it back, and Events tell of both terms", async (t) => {
    const on = await announced(lab(), t, [mayLabel, mayRecord]);
    await on.createPod("a");
    const short = "--lease-duration 5s --renew-deadline 2s --retry-period 500ms --kill-after 1s".split(" "); // it rests for so long
    const candidate = on.candidates.start({ args: [...labelled, ...short, "--events"], env: on.env("a") });
    await on.candidates.journal.start(1);
    const to = ["--kubeconfig", await on.user.kubeconfig(), "-n", on.namespace, "--lease-name", on.lease];
    const asked = new Candidate(t, { instead: [process.execPath, product, "step-down", ...to] });
    assert.equal(await asked.code(), 0, asked.stderr);
    await candidate.says(/^stepped down/);
    assert.deepEqual(await on.labels("a"), {});
    await on.candidates.journal.start(2);
    assert.deepEqual(await on.labels("a"), { [key]: "leader" });
    candidate.kill("SIGTERM");
    assert.equal(await candidate.code(), 0);
    assert.deepEqual(await on.labels("a"), {});
    const releases = (await on.requests(isRelease)).filter(({ status }) => status === 200);
    assert.equal(releases.length, 2);
    for (const [index, { at }] of releases.entries()) {
      const before = (await on.requests(isRemoval)).filter(({ doneAt = Infinity }) => doneAt < at);
      const added = (await on.requests(isAddition))[index];
      assert.ok(
        before.some((removal) => removal.at > (added?.at ?? Infinity)),
        `gone before release ${index}`,
      );
    }
    const posted = await on.requests(({ resource, verb }) => resource === "events" && verb === "create");
    assert.deepEqual(
      posted.map(({ status }) => status),
      [201, 201, 201, 201],
    );
  });

  for (const verdict of ["hang", "fail", "reset"] as const)
    test(`patches that ${verdict} keep neither the command from running nor the next one from taking over`, async (t) => {
      let now: Verdict = verdict;
      const proxy = await pathProxy(t, lab(), (asked) => (isPatch(asked) ? now : "pass"));
      const on = await announced(lab(), t, [mayLabel], proxy.url);
      await on.createPod("a");
      const first = on.candidates.start({ args: labelled, env: on.env("a") });
      await on.candidates.journal.start(1);
      const second = on.candidates.start({ args: times });
      await second.says(/^standing by/);
      await until("a second try", () => proxy.asked.filter(isPatch).length >= 3);
      first.kill("SIGTERM");
      assert.equal(await first.code(), 0);
      assertNotRepeated(first);
      await second.says(/^acquired the Lease: it was free/);
      await on.candidates.journal.start(2);
      second.kill("SIGTERM");
      assert.equal(await second.code(), 0);
      now = "pass";
      const third = on.candidates.start({ args: labelled, env: on.env("a") });
      await on.candidates.journal.start(3);
      now = verdict;
      await until("the third stands", async () => key in (await on.labels("a")));
      third.kill("SIGTERM");
      assert.equal(await third.code(), 0, "a label that cannot be taken off does not keep the Lease");
      assert.equal((await lab().admin("GET", on.leasePath)).object.spec?.holderIdentity, "");
      assert.deepEqual(on.candidates.journal.overlaps(), []);
    });

  test("told to stop before the label is there, the command is not started at all", async (t) => {
    let stop: () => void = () => undefined;
    const proxy = await pathProxy(t, lab(), (asked) => {
      if (!isPatch(asked)) return "pass";
      if (proxy.asked.filter(isPatch).length === 1) return "fail"; // the stale one
      stop();
      return "hang";
    });
    const on = await announced(lab(), t, [mayLabel], proxy.url);
    await on.createPod("a");
    const candidate = on.candidates.start({ args: labelled, env: on.env("a") });
    stop = () => candidate.kill("SIGTERM");
    assert.equal(await candidate.code(), 143);
    assert.deepEqual(on.candidates.journal.lives(), []);
    assert.equal((await lab().admin("GET", on.leasePath)).object.spec?.holderIdentity, "");
  });
});

test("without a cluster there is no pod: --label-pod and --events are refused, and do nothing as variables", async (t) => {
  const store = ["--lease-store", `file:${folderOf(t)}/leases`];
  for (const args of [labelled, ["--events"]]) {
    const refused = new Candidates(t, store).start({ args });
    assert.equal(await refused.code(), 64);
    assert.match(refused.stderr, new RegExp(`${args[0] ?? ""} was given but --lease-store file:DIR uses no cluster`));
  }
  const env = { LEADER_EXEC_EVENTS: "true", LEADER_EXEC_LABEL_POD: label };
  const candidates = new Candidates(t, store);
  const candidate = candidates.start({ env, command: ["true"] });
  assert.equal(await candidate.code(), 0);
});

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { nameOf, rightsFor, rulesOf } from "../../src/ask/rights.ts";
import { DEFAULT_VERSION, describeWithLab, until } from "../lab/index.ts";
import { Candidate, type Start } from "../support/candidate.ts";
import { account, apply, granted } from "../support/granted.ts";
import { answerOf } from "../support/subcommand.ts";

/** Ends by a signal alone. */
const command = ["sleep", "600"];
/** The usual ones: what a busy machine does to short times is not what is tested here. */
const elect = ["--enable-leader-election", "--log-format", "json", "--lease-name", "job"];
const announcing = ["--events", "--label-pod", "leader-exec/role=leader"];
const coordinated = (mode: string): string[] => [`--coordinated=${mode}`, "--candidate-version", "1.0.0"];

/** v1beta1 of LeaseCandidates came with Kubernetes 1.33. */
const isServed = Number(/^v1\.(\d+)/.exec(DEFAULT_VERSION)?.[1]) >= 33;
const apiServerFlags = isServed
  ? ["--feature-gates=CoordinatedLeaderElection=true", "--runtime-config=coordination.k8s.io/v1beta1=true"]
  : [];
const extras = { events: true, podLabel: true, coordinated: isServed };
const all = rightsFor({ leaseName: "job", purpose: "run", extras });
const flags = [...announcing, ...(isServed ? coordinated("always") : [])];

await describeWithLab(
  "what leader-exec rbac prints for --events, --label-pod and --coordinated, on a real API server",
  (lab) => {
    test("it is enough for a hand-over, and every right in it is used", async (t) => {
      const namespace = await lab().createNamespace();
      const { userName, kubeconfig } = await account(lab(), t, namespace, "worker");
      const args = [...elect, ...flags, "--kubeconfig", kubeconfig];
      const printed = await answerOf(t, ["rbac", ...args, "--service-account", "worker"]);
      assert.equal(printed.code, 0, printed.stderr);
      await apply(lab(), printed.stdout, namespace);
      await granted(lab(), namespace, userName, all);
      await handOver(t, namespace, args, async () => {
        if (!isServed) return;
        await asked(userName, "list leasecandidates");
        await ping(namespace);
        await asked(userName, "update leasecandidates");
      });
      const entries = await lab().auditLog.entries(({ user }) => user === userName);
      assert.deepEqual(
        entries.filter(({ status }) => status === 403),
        [],
      );
      const used = new Set(entries.map(({ verb, resource }) => `${verb} ${resource}`));
      // The server makes the Lease itself; and who has a watch looks at itself when that told nothing for 30 s: the test without watch does.
      const elsewhere = isServed ? ["create leases", "get leasecandidates"] : [];
      const wanted = all.map(({ verb, resource }) => `${verb} ${resource}`);
      assert.deepEqual(
        wanted.filter((each) => !used.has(each) && !elsewhere.includes(each)),
        [],
      );
    });

    for (const right of all.filter(({ resource }) => resource !== "leases")) {
      test(`without the right to ${nameOf(right)}: ${right.without}`, async (t) => {
        const left = all.filter((each) => each !== right);
        const namespace = await lab().createNamespace();
        const user = await lab().user(namespace, "job", rulesOf(left));
        const args = [...elect, "--kubeconfig", await user.kubeconfig()];
        await without[`${right.verb} ${right.resource}`]?.(t, { namespace, args, user: user.name });
        const denied = await lab().auditLog.entries((each) => each.user === user.name && each.status === 403);
        const which = new Set(denied.map(({ verb, resource }) => `${verb} ${resource}`));
        assert.deepEqual([...which], [`${right.verb} ${right.resource}`]);
      });
    }

    interface Lacking {
      readonly namespace: string;
      readonly args: readonly string[];
      readonly user: string;
    }

    /** What becomes of a run that lacks this right. */
    const without: Readonly<Record<string, (t: TestContext, lacking: Lacking) => Promise<void>>> = {
      "create events": async (t, { namespace, args }) => {
        const [first] = await handOver(t, namespace, [...args, ...announcing]);
        await first.says(/not allowed to create events/);
      },
      "patch pods": async (t, { namespace, args }) => {
        const [first] = await handOver(t, namespace, [...args, ...announcing]);
        await first.says(/not allowed to patch/);
      },
      "create leasecandidates": async (t, { namespace, args }) => {
        const limits = [...coordinated("always"), "--startup-timeout", "3s"];
        const always = new Candidate(t, { args: [...args, ...limits], command });
        assert.equal(await always.code(), 125);
        assert.match(always.stderr, /not allowed to create the LeaseCandidate/);
        await handOver(t, namespace, [...args, ...coordinated("auto")]);
      },
      "get leasecandidates": async (t, { args }) => {
        const candidate = new Candidate(t, { args: [...args, ...coordinated("always")], command });
        await candidate.says(/^registered as the candidate/);
        await candidate.says(/not allowed to get the LeaseCandidate/, 60_000);
      },
      "list leasecandidates": async (t, { namespace, args, user }) => {
        await handOver(t, namespace, [...args, ...coordinated("always")], () => asked(user, "list leasecandidates"));
      },
      "watch leasecandidates": async (t, { namespace, args, user }) => {
        await handOver(t, namespace, [...args, ...coordinated("always")], () => asked(user, "get leasecandidates", 3));
      },
      "update leasecandidates": async (t, { namespace, args }) => {
        const candidate = new Candidate(t, { args: [...args, ...coordinated("always")], command });
        await candidate.says(/^started the command/);
        await ping(namespace);
        await candidate.says(/not allowed to update the LeaseCandidate/);
      },
      "delete leasecandidates": async (t, { namespace, args }) => {
        const candidate = new Candidate(t, { args: [...args, ...coordinated("always")], command });
        await candidate.says(/^started the command/);
        candidate.kill("SIGTERM");
        await candidate.code();
        const path = `/apis/coordination.k8s.io/v1beta1/namespaces/${namespace}/leasecandidates`;
        const { items } = (await lab().admin("GET", path)).object;
        assert.equal(items?.length, 1, "it ended, and is a candidate still");
      },
    };

    /** One leads, the other takes over from it, and both end well; `meanwhile` is waited for while the first one leads. */
    async function handOver(
      t: TestContext,
      namespace: string,
      args: readonly string[],
      meanwhile?: () => Promise<unknown>,
    ): Promise<[Candidate, Candidate]> {
      const first = new Candidate(t, await asPod("a"));
      await first.says(/^started the command/);
      await meanwhile?.();
      const second = new Candidate(t, await asPod("b"));
      await second.says(
        args.some((each) => each.startsWith("--coord")) ? /^registered|LeaseCandidate/ : /^standing by/,
      );
      first.kill("SIGTERM");
      await second.says(/^started the command/);
      second.kill("SIGTERM");
      assert.deepEqual([await first.code(), await second.code()], [143, 143]);
      return [first, second];

      async function asPod(name: string): Promise<Start> {
        const spec = { containers: [{ name: "main", image: "none" }] };
        const made = await lab().admin("POST", `/api/v1/namespaces/${namespace}/pods`, { metadata: { name }, spec });
        assert.equal(made.status, 201, made.text);
        return { args, command, env: { POD_NAME: name, POD_NAMESPACE: namespace } };
      }
    }

    /** Resolves when the user has asked for this so many times, whatever was answered. */
    const asked = (user: string, what: string, times = 1) =>
      until(
        `${user} asks to ${what}`,
        async () => {
          const found = await lab().auditLog.entries((each) => each.user === user);
          return found.filter(({ verb, resource }) => `${verb} ${resource}` === what).length >= times;
        },
        30_000,
      );

    /** Asks every candidate whether it is there, as the server does before it elects one that registered a while ago. */
    async function ping(namespace: string): Promise<void> {
      const path = `/apis/coordination.k8s.io/v1beta1/namespaces/${namespace}/leasecandidates`;
      const { items = [] } = (await lab().admin("GET", path)).object;
      assert.notEqual(items.length, 0);
      for (const item of items) {
        const pingTime = new Date().toISOString().replace("Z", "000Z");
        const body = { ...item, spec: { ...item.spec, pingTime } };
        const { status, text } = await lab().admin("PUT", `${path}/${item.metadata?.name ?? ""}`, body);
        assert.equal(status, 200, text);
      }
    }
  },
  { apiServerFlags },
);

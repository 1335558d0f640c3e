import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test, type TestContext } from "node:test";
import { askedRun } from "../../src/ask/asked-run.ts";
import { clusterFindings } from "../../src/ask/doctor-cluster.ts";
import type { Finding } from "../../src/ask/finding.ts";
import { rightsFor } from "../../src/ask/rights.ts";
import { ClusterQuestions } from "../../src/io/cluster-questions.ts";
import { nobody } from "../../src/io/kubernetes-access.ts";
import { connect } from "../../src/io/kubernetes-connect.ts";
import { fakeApi, leaseJson, statusJson } from "../support/fake-api.ts";
import { clock } from "../support/kubernetes-store.ts";

/** What a test's server answers: a status and an object; null: nothing, ever. */
type Reply = readonly [number, object | string] | null;
type Replies = (path: string, request: IncomingMessage) => Reply;

/** What doctor finds on a server that answers like this. `headers`: of each answer. */
async function examine(t: TestContext, replies: Replies, withDate = true, limit = 60_000): Promise<Finding[]> {
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    const reply = replies(new URL(request.url ?? "", "http://x").pathname, request);
    if (reply === null) return;
    const [status, body] = reply;
    response.sendDate = withDate;
    response
      .writeHead(status, { "Content-Type": "application/json" })
      .end(typeof body === "string" ? body : JSON.stringify(body));
  };
  const { url } = await fakeApi(t, handler);
  const access = { authority: undefined, insecure: false, serverName: undefined, proxy: undefined };
  const user = { ...nobody, token: "secret" };
  const source = "a test";
  const connection = await connect({ ...access, server: new URL(url), source, namespace: "jobs", user }, {}, clock);
  const questions = new ClusterQuestions(connection, clock);
  t.after(() => questions.close());
  const { options } = askedRun({
    settings: new Map([["lease-name", { by: "--lease-name", text: "demo" }]]),
    command: null,
  });
  const opened = {
    questions,
    namespace: "jobs",
    namespaceFrom: source,
    server: url,
    source,
    credentials: "",
    podNamespace: null,
  };
  const rights = rightsFor({ leaseName: "demo", purpose: "run" });
  const check = { options, rights, rightsFlags: [], pod: "", clock, limit };
  const found: Finding[] = [];
  for await (const finding of clusterFindings(opened, check)) found.push(finding);
  return found;
}

/** Long enough for all that is answered on a machine with much else to do. */
const silence = 4_000;
const lease: Reply = [200, leaseJson("somebody", "7")];
const isLease = (path: string): boolean => path.endsWith("/leases/demo");
const allowed: Reply = [201, { status: { allowed: true } }];
const problems = (found: readonly Finding[]): string[] => [
  ...new Set(found.filter(({ verdict }) => verdict === "problem").map(({ check }) => check)),
];
const of = (found: readonly Finding[], name: string): Finding | undefined => found.find(({ check }) => check === name);

/** A server on which all is well. */
const good: Replies = (path) => {
  if (isLease(path)) return lease;
  if (path === "/version") return [200, { gitVersion: "v1.30.1" }];
  if (path === "/api/v1/namespaces/jobs") return [200, { status: { phase: "Active" } }];
  if (path.endsWith("/selfsubjectreviews")) return [201, { status: { userInfo: { username: "jo" } } }];
  return allowed;
};

void test("a server on which all is well has no problem", async (t) => {
  const found = await examine(t, good);
  assert.deepEqual(problems(found), []);
  assert.match(of(found, "credentials")?.message ?? "", /^accepted, as jo /);
});

void test("a server that falls silent after its first answer is a problem within the time, and the rest goes on", async (t) => {
  let reads = 0;
  const found = await examine(
    t,
    (path, request) => (isLease(path) && ++reads > 1 ? null : good(path, request)),
    true,
    silence,
  );
  assert.deepEqual(problems(found), ["latency"]);
  assert.match(of(found, "latency")?.message ?? "", /^a read of jobs\/demo brought no answer, after 0 that did$/);
  assert.match(of(found, "latency")?.advice ?? "", /did not answer within 4 s/);
  assert.equal(of(found, "kubernetes")?.message, "v1.30.1");
});

void test("a server that answers reads of the Lease alone is told line by line, within the time", async (t) => {
  const found = await examine(t, (path) => (isLease(path) ? lease : null), true, silence);
  assert.deepEqual(problems(found), ["kubernetes", "namespace", "right"]);
});

void test("what is no API server is one problem", async (t) => {
  const rows: readonly (readonly [Reply, RegExp])[] = [
    [[200, "<html>hello</html>"], /does not answer like a Kubernetes API server|please report this/],
    [[404, "not here"], /does not answer like a Kubernetes API server/],
    [[500, statusJson(500, "InternalError", "etcd is gone")], /etcd is gone/],
    [[429, statusJson(429, "TooManyRequests", "later")], /overloaded/],
  ];
  for (const [reply, sentence] of rows) {
    const found = await examine(t, () => reply);
    assert.deepEqual(problems(found), ["server"]);
    assert.match(of(found, "server")?.message ?? "", sentence);
    assert.match(of(found, "skipped")?.message ?? "", /the API server does not answer as it should$/);
  }
});

void test("answers without a Date leave the clock a note", async (t) => {
  const found = await examine(t, good, false);
  assert.deepEqual([problems(found), of(found, "clock")?.verdict], [[], "note"]);
});

void test("a server that answers no reviews leaves the rights notes", async (t) => {
  const forbidden: Reply = [403, statusJson(403, "Forbidden", "no reviews")];
  const found = await examine(t, (path, request) => (path.includes("/selfsubject") ? forbidden : good(path, request)));
  assert.deepEqual([problems(found), of(found, "right")?.verdict], [[], "note"]);
  assert.match(of(found, "credentials")?.message ?? "", /without a word on whom it takes us for/);
});

void test("a token that is not accepted is one problem, and the clock is compared all the same", async (t) => {
  const found = await examine(t, () => [401, statusJson(401, "Unauthorized", "Unauthorized")]);
  assert.deepEqual([problems(found), of(found, "clock")?.verdict], [["credentials"], "ok"]);
});

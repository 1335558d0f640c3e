import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../lab/until.ts";
import { fakeStore, leaseJson, statusJson } from "../../support/fake-api.ts";
import { clock, failureOf, leaseOf, read, recordOf, write } from "../../support/kubernetes-store.ts";

test("HTML with status 200, an empty answer and an object that is no Lease are failures, not Leases", async (t) => {
  const bodies = ["<html>Welcome\n to the portal</html>", "", "{}", JSON.stringify(statusJson(200, "Success", "fine"))];
  const { store } = await fakeStore(t, (_, response) => response.end(bodies.shift()));
  assert.match(
    failureOf(await read(store)),
    /^unexpected: .+ answered the get with HTTP 200 and something that is no Lease \("<html>Welcome to the portal<\/html>"\); check/,
  );
  assert.match(failureOf(await read(store)), /no Lease \(""\)/);
  assert.match(failureOf(await write(store, null, recordOf("me"))), /^unexpected: .+ answered the create .+no Lease/);
  assert.match(failureOf(await read(store)), /no Lease/);
});

test("a write is confirmed by an answer with what was sent alone: not by that to an earlier one, to another Lease's, or with another duration", async (t) => {
  const now = Date.now();
  const sent = { holder: "me", durationSeconds: 15, renewTime: now, transitions: 4 };
  const answers = [
    sent,
    { ...sent, renewTime: now - 2_000 },
    { ...sent, holder: "other" },
    { ...sent, durationSeconds: 5 },
    { ...sent, transitions: 5 },
    { ...sent, metadata: { uid: "u-2" } },
    { ...sent, metadata: { resourceVersion: "7" } },
  ].map(({ holder, durationSeconds, renewTime, transitions, metadata }: typeof sent & { metadata?: object }) => ({
    ...leaseJson(holder, "8"),
    metadata: { name: "demo", namespace: "jobs", uid: "u-1", resourceVersion: "8", ...metadata },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: durationSeconds,
      renewTime: new Date(renewTime).toISOString(),
      leaseTransitions: transitions,
    },
  }));
  const { store } = await fakeStore(t, ({ method }, response) =>
    response.end(JSON.stringify(method === "GET" ? leaseJson("me", "7") : answers.shift())),
  );
  const base = leaseOf(await read(store));
  const renewal = () => write(store, base, recordOf("me", { renewTime: now + 0.4, transitions: 4 }));
  assert.equal((await renewal()).kind, "stored");
  const wrong = [
    "an earlier renewal",
    "another holder",
    "another duration",
    "another term",
    "another uid",
    "a dry run",
  ];
  for (const what of wrong) {
    const result = await renewal();
    assert.equal(result.kind, "failed", what);
    assert.match(failureOf(result), /answered the update of the Lease jobs\/demo with another content than was sent/);
  }
});

test("a redirect is not followed, and named", async (t) => {
  let requests = 0;
  const { store } = await fakeStore(t, (_, response) => {
    requests++;
    response.writeHead(302, { Location: "https://login.example/" }).end();
  });
  assert.match(
    failureOf(await read(store)),
    /^unexpected: .+ redirects to https:\/\/login\.example\/ \(HTTP 302\), which is not followed; correct the server URL/,
  );
  assert.equal(requests, 1);
});

test("a 404 that is not the Lease's is no missing Lease", async (t) => {
  const answers = ["404 page not found", JSON.stringify(statusJson(404, "NotFound", "no such path"))];
  const { store } = await fakeStore(t, (_, response) => response.writeHead(404).end(answers.shift()));
  for (let round = 0; round < 2; round++)
    assert.match(
      failureOf(await read(store)),
      /^unexpected: .+ does not answer like a Kubernetes API server .+HTTP 404/,
    );
});

test("a huge body is cut off, and its connection closed", async (t) => {
  const { store, connections } = await fakeStore(t, (_, response) => {
    const more = (): void => {
      while (response.write(Buffer.alloc(65_536, 32)));
      response.once("drain", more);
    };
    more();
  });
  assert.match(failureOf(await read(store)), /^unexpected: .+ answered with more than 3 MiB, which is no Lease; check/);
  await until("the connection is closed", () => connections() === 0);
});

test("a body that drips is given up at the deadline, and its connection closed", async (t) => {
  const { store, connections } = await fakeStore(t, (_, response) => {
    const drip = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(drip));
  });
  const sent = clock.now();
  assert.match(failureOf(await read(store, 300)), /^timeout: .+ did not answer within 0\.3 s/);
  assert.ok(clock.now() - sent < 5_000);
  await until("the connection is closed", () => connections() === 0);
});

test("something that is no HTTP at all is a failure with a sentence", async (t) => {
  const { store } = await fakeStore(t, (request) => request.socket.end("SSH-2.0-OpenSSH_9.6\r\n"));
  assert.match(failureOf(await read(store)), /^unexpected: cannot talk with the API server .+; check the server URL/);
});

test("an overloaded or failing server is told apart, and Retry-After is passed on: seconds, a date, or in the Status", async (t) => {
  const date = (ahead: number): string => new Date(Date.now() + ahead).toUTCString();
  const answers: [number, Record<string, string>, string][] = [
    [429, { "Retry-After": "7" }, ""],
    // What counts is the server's own clock: this one is a day behind.
    [503, { Date: date(-86_400_000), "Retry-After": date(-86_400_000 + 9_000) }, "etcd is down"],
    [500, {}, JSON.stringify(statusJson(500, "InternalError", "etcdserver: leader changed", { retryAfterSeconds: 3 }))],
    [504, {}, JSON.stringify(statusJson(504, "Timeout", "timed out"))],
    [503, { "Retry-After": "soon" }, ""],
  ];
  const { store } = await fakeStore(t, (_, response) => {
    const [status, headers, body] = answers.shift() ?? [200, {}, ""];
    response.sendDate = false;
    response.writeHead(status, headers).end(body);
  });
  const next = async () => {
    const result = await read(store);
    assert.ok(result.kind === "failed");
    return [result.reason, result.retryAfter, result.message] as const;
  };
  const said: string[] = [];
  for (const [reason, after] of [
    ["throttled", 7_000],
    ["server-error", 9_000],
    ["server-error", 3_000],
    ["server-error", undefined],
    ["server-error", undefined],
  ] as const) {
    const [actual, retryAfter, message] = await next();
    assert.deepEqual([actual, retryAfter], [reason, after], message);
    said.push(message);
  }
  assert.match(
    said[0] ?? "",
    /is overloaded and turned down the get of the Lease jobs\/demo \(HTTP 429\); it will be tried/,
  );
  assert.match(
    said[1] ?? "",
    /failed at the get of the Lease jobs\/demo \(HTTP 503\), saying "etcd is down"; see its log/,
  );
  assert.match(said[2] ?? "", /saying "etcdserver: leader changed"/);
});

test("the server's clock comes with its answers, and is left out when they do not tell it", async (t) => {
  const dates: (string | undefined)[] = [
    "Wed, 25 Nov 2026 09:30:15 GMT",
    undefined,
    "soon",
    "Wed, 25 Nov 2026 09:30:16 GMT",
  ];
  const record = recordOf("me");
  const spec = {
    holderIdentity: "me",
    leaseDurationSeconds: 15,
    renewTime: new Date(record.renewTime ?? 0).toISOString(),
  };
  const { store } = await fakeStore(t, (_, response) => {
    response.sendDate = false;
    const date = dates.shift();
    const lease = { ...leaseJson("me", "5"), spec };
    response.writeHead(200, date === undefined ? {} : { Date: date }).end(JSON.stringify(lease));
  });
  const told = async () => {
    const result = await read(store);
    assert.ok(result.kind === "found");
    return result.serverTime;
  };
  assert.deepEqual(
    [await told(), await told(), await told()],
    [Date.UTC(2026, 10, 25, 9, 30, 15), undefined, undefined],
  );
  const stored = await write(store, null, record);
  assert.ok(stored.kind === "stored" && stored.serverTime === Date.UTC(2026, 10, 25, 9, 30, 16));
});

test("a conflict on create counts only when the Lease exists: a quota's conflict would be one for ever", async (t) => {
  const answers = [
    statusJson(409, "AlreadyExists", "exists", { kind: "leases" }),
    statusJson(409, "Conflict", "quota was changed", { kind: "resourcequotas" }),
  ];
  const { store } = await fakeStore(t, (_, response) => response.writeHead(409).end(JSON.stringify(answers.shift())));
  assert.deepEqual(await write(store, null, recordOf("me")), { kind: "conflict" });
  assert.match(
    failureOf(await write(store, null, recordOf("me"))),
    /turned down the create .+HTTP 409.+quota was changed/,
  );
});

test("the server hears the time left, our name and our credentials, and only GET, POST and PUT", async (t) => {
  const seen: string[] = [];
  const { store } = await fakeStore(t, ({ method = "", url = "", headers }, response) => {
    seen.push(`${method} ${url.replace(/\d+ms/, "Nms")} ${headers.authorization ?? ""} ${headers["user-agent"] ?? ""}`);
    response.end(JSON.stringify(leaseJson("x", "5")));
  });
  const lease = leaseOf(await read(store));
  await write(store, lease, recordOf("me"));
  await write(store, null, recordOf("me"));
  const leases = "/apis/coordination.k8s.io/v1/namespaces/jobs/leases";
  assert.deepEqual(seen, [
    `GET ${leases}/demo?timeout=Nms Bearer secret leader-exec`,
    `PUT ${leases}/demo?timeout=Nms Bearer secret leader-exec`,
    `POST ${leases}?timeout=Nms Bearer secret leader-exec`,
  ]);
});

test("a request whose time is over already is answered at once and never sent", async (t) => {
  let requests = 0;
  const { store } = await fakeStore(t, (_, response) => {
    requests++;
    response.end(JSON.stringify(leaseJson("x", "5")));
  });
  assert.match(failureOf(await write(store, null, recordOf("late"), -1_000)), /^(timeout|credentials): /);
  assert.equal((await read(store)).kind, "found");
  assert.equal(requests, 1);
});

test("whoever is nobody for the server is told to give credentials", async (t) => {
  const message =
    'leases.coordination.k8s.io "demo" is forbidden: User "system:anonymous" cannot get resource "leases"';
  const { store } = await fakeStore(t, (_, response) =>
    response.writeHead(403).end(JSON.stringify(statusJson(403, "Forbidden", message))),
  );
  assert.match(
    failureOf(await read(store)),
    /^unauthorized: .+ takes us for nobody .+; add a token, a client certificate/,
  );
});

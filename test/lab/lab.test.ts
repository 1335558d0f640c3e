import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { connect } from "node:tls";
import {
  call,
  DEFAULT_VERSION,
  describeWithLab,
  leasePath,
  startLab,
  until,
  watchPath,
  type KubeObject,
  type Lab,
  type LabUser,
} from "./index.ts";

const lease = (name: string, holder: string, more: Partial<KubeObject["metadata"]> = {}) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name, ...more },
  spec: { holderIdentity: holder, leaseDurationSeconds: 15 },
});

/** A namespace and a user of its own, who has written the Lease `demo`. */
async function room(lab: Lab): Promise<{ namespace: string; user: LabUser; created: KubeObject }> {
  const namespace = await lab.createNamespace();
  const user = await lab.user(namespace, "demo");
  const answer = await user.request("POST", leasePath(namespace), lease("demo", "first"));
  assert.equal(answer.status, 201, answer.text);
  return { namespace, user, created: answer.object };
}

const demo = (namespace: string): string => leasePath(namespace, "demo");

/** A PUT for a connection that the test holds in its own hands. */
function rawPut(path: string, user: LabUser, object: KubeObject): string {
  const body = JSON.stringify(object);
  const headers = [
    "Host: lab",
    `Authorization: Bearer ${user.token}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `PUT ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n${body}`;
}

await describeWithLab("the lab", (lab) => {
  test("is ready, of the version asked for, and knows nobody who shows no credentials", async () => {
    const ready = await lab().admin("GET", "/readyz");
    assert.equal(ready.text, "ok");
    const version = await lab().admin("GET", "/version");
    if (!process.env["KUBEBUILDER_ASSETS"]) {
      assert.equal((JSON.parse(version.text) as { gitVersion: string }).gitVersion, DEFAULT_VERSION);
    }
    const { ca } = lab();
    assert.equal((await call({ url: lab().url, ca }, "GET", "/version")).status, 401);
  });

  test("the documented Role allows exactly create, and get, update and watch of the one Lease", async () => {
    const { namespace, user } = await room(lab());
    const status = async (method: string, path: string, body?: unknown): Promise<number> =>
      (await user.request(method, path, body)).status;
    const all = leasePath(namespace);
    const other = leasePath(namespace, "other");

    assert.equal(await status("GET", demo(namespace)), 200);
    assert.equal(await status("PATCH", demo(namespace), { spec: {} }), 403);
    assert.equal(await status("DELETE", demo(namespace)), 403);
    assert.equal(await status("GET", all), 403, "list");
    assert.equal(await status("GET", `${all}?watch=true&timeoutSeconds=1`), 403, "watch all");
    assert.equal(await status("GET", watchPath(namespace, "other", "&timeoutSeconds=1")), 403);
    assert.equal(await status("POST", all, lease("other", "me")), 201, "create has no name");
    assert.equal(await status("GET", other), 403);
    assert.equal(await status("PUT", other, lease("other", "me")), 403);
    assert.equal(await status("GET", leasePath("default", "demo")), 403, "another namespace");
    assert.equal(await status("GET", `/api/v1/namespaces/${namespace}/pods`), 403);

    const watch = await user.request("GET", watchPath(namespace, "demo", "&timeoutSeconds=1"));
    assert.equal(watch.status, 200);
    assert.match(watch.text, /"type":"ADDED".*"name":"demo"/);
  });

  test("a verb can be taken from a Role and given back, with effect at once", async () => {
    const { namespace, user } = await room(lab());
    const documented = user.role.rules;
    const { object } = await user.request("GET", demo(namespace));
    await user.role.remove("update");
    assert.equal((await user.request("PUT", demo(namespace), object)).status, 403);
    assert.equal((await user.request("GET", demo(namespace))).status, 200);
    await user.role.remove("create");
    assert.equal((await user.request("POST", leasePath(namespace), {})).status, 403);
    await user.role.set(documented);
    assert.equal((await user.request("PUT", demo(namespace), object)).status, 200);
  });

  test("a time with three digits is 400, with six it is accepted", async () => {
    const { namespace, user, created } = await room(lab());
    const put = (renewTime: string) =>
      user.request("PUT", demo(namespace), { ...created, spec: { ...created.spec, renewTime } });
    assert.equal((await put("2030-01-02T03:04:05.678Z")).status, 400);
    assert.equal((await put("2030-01-02T03:04:05.678901Z")).status, 200);
  });

  test("a PUT without resourceVersion is 422, with an old one 409, of the same bytes it changes nothing", async () => {
    const { namespace, user, created } = await room(lab());
    const put = (body: unknown) => user.request("PUT", demo(namespace), body);
    assert.equal((await put(lease("demo", "me"))).status, 422);
    const same = await put(created);
    assert.equal(same.status, 200);
    assert.equal(same.object.metadata?.resourceVersion, created.metadata?.resourceVersion);
    const { resourceVersion = "" } = created.metadata ?? {};
    assert.equal((await put(lease("demo", "me", { resourceVersion }))).status, 200);
    assert.equal((await put(lease("demo", "you", { resourceVersion }))).status, 409);
  });

  test("a PUT of a deleted Lease is 409 with its uid, and creates it again without", async () => {
    const { namespace, user, created } = await room(lab());
    await lab().admin("DELETE", demo(namespace));
    const { uid = "", resourceVersion = "" } = created.metadata ?? {};
    const put = (more: Partial<KubeObject["metadata"]>) =>
      user.request("PUT", demo(namespace), lease("demo", "me", more));
    assert.equal((await put({ uid, resourceVersion })).status, 409);
    assert.equal((await put({ resourceVersion })).status, 201);
  });

  test("one user logs in by token and by certificate; a service account by tokens that can be rotated", async () => {
    const { namespace, user } = await room(lab());
    const { certificate, key } = user.certificate();
    const endpoint = { url: lab().url, ca: lab().ca, cert: certificate, key };
    assert.equal((await call(endpoint, "GET", demo(namespace))).status, 200);
    const expired = user.certificate(Date.now() - 1000);
    const old = { ...endpoint, cert: expired.certificate, key: expired.key };
    assert.equal((await call(old, "GET", demo(namespace))).status, 401);

    const account = await lab().serviceAccount(namespace, "demo");
    const next = await lab().newToken(account.name);
    assert.notEqual(next, account.token);
    for (const token of [account.token, next]) {
      const answer = await call({ url: lab().url, ca: lab().ca, token }, "GET", demo(namespace));
      assert.equal(answer.status, 200);
    }
    const names = (await lab().auditLog.entries((entry) => entry.namespace === namespace))
      .filter((entry) => entry.verb === "get" && entry.status === 200)
      .map((entry) => entry.user);
    assert.deepEqual(names, [user.name, account.name, account.name]);
  });

  test("the audit log says who wrote what when, and when a watch was opened and closed", async () => {
    const before = Date.now();
    const { namespace, user, created } = await room(lab());
    await user.request("PUT", demo(namespace), { ...created, spec: { holderIdentity: "second" } });
    await user.request("GET", watchPath(namespace, "demo", "&timeoutSeconds=1"));
    const after = Date.now() + 1;

    const { auditLog } = lab();
    const mine = (verb: string) => (entry: { user: string; verb: string }) =>
      entry.user === user.name && entry.verb === verb;
    const create = await auditLog.waitFor("the create", mine("create"));
    const update = await auditLog.waitFor("the update", mine("update"));
    assert.equal(create.requestObject?.spec?.holderIdentity, "first");
    assert.equal(create.name, "demo");
    assert.equal(update.responseObject?.spec?.holderIdentity, "second");
    assert.equal(update.status, 200);
    assert.ok(before <= create.at && create.at < update.at, "in order");
    assert.ok(update.at < (update.doneAt ?? 0) && (update.doneAt ?? after) <= after, "in time");
    const watch = await auditLog.waitFor(
      "the end of the watch",
      (entry) => mine("watch")(entry) && entry.doneAt !== undefined,
    );
    assert.ok((watch.doneAt ?? 0) - watch.at > 900, "open for its second");
    assert.equal((await auditLog.entries(mine("watch"))).length, 1);
  });

  test("a frozen server is silent with open sockets, and answers when thawed", async (t) => {
    const { namespace, user } = await room(lab());
    t.after(() => lab().apiServer.thaw());
    await lab().apiServer.freeze();
    const endpoint = { url: lab().url, ca: lab().ca, token: user.token };
    await assert.rejects(call(endpoint, "GET", demo(namespace), undefined, 300), /abort/i);
    const late = call(endpoint, "GET", demo(namespace));
    lab().apiServer.thaw();
    assert.equal((await late).status, 200);
  });

  test("the proxy carries TLS; a write whose answer is lost is applied", async () => {
    const { namespace, user, created } = await room(lab());
    const proxy = await lab().proxy();
    const endpoint = { url: proxy.url, ca: lab().ca, token: user.token };
    assert.equal((await call(endpoint, "GET", demo(namespace))).status, 200);

    const { hostname: host, port } = new URL(proxy.url);
    const socket = connect({ host, port: Number(port), ca: lab().ca });
    await once(socket, "secureConnect");
    proxy.hold("toClient");
    socket.write(rawPut(demo(namespace), user, { ...created, spec: { holderIdentity: "unheard" } }));
    const isWrite = (entry: { user: string; verb: string }) => entry.user === user.name && entry.verb === "update";
    await lab().auditLog.waitFor("the write", isWrite);
    proxy.reset();
    await assert.rejects(once(socket, "end"), /ECONNRESET/);
    const { object } = await user.request("GET", demo(namespace));
    assert.equal(object.spec?.holderIdentity, "unheard");
  });

  test("what was written survives kill -9 of etcd and of the API server, at the same address", async () => {
    const { namespace, user, created } = await room(lab());
    const [etcd, apiServer] = [lab().etcd.pid, lab().apiServer.pid];
    await lab().apiServer.kill();
    await assert.rejects(user.request("GET", demo(namespace)), /ECONNREFUSED/);
    await lab().etcd.restart();
    await lab().apiServer.start();
    const { object } = await user.request("GET", demo(namespace));
    assert.equal(object.metadata?.uid, created.metadata?.uid);
    assert.notEqual(lab().etcd.pid, etcd);
    assert.notEqual(lab().apiServer.pid, apiServer);
  });

  test("a flag that the server does not know is told with the end of its log", async () => {
    await assert.rejects(startLab({ apiServerFlags: ["--no-such-flag"] }), /unknown flag: --no-such/);
  });

  describe("leaves nothing behind", () => {
    test("when it is stopped", async () => {
      const own = await startLab();
      const pids = [own.etcd.pid, own.apiServer.pid];
      const proxy = await own.proxy();
      assert.ok(existsSync(own.folder) && pids.every(lives));
      await own.stop();
      assert.ok(!existsSync(own.folder) && !pids.some(lives));
      await assert.rejects(call({ url: proxy.url, ca: "" }, "GET", "/"), /ECONNREFUSED/);
    });

    test("when the test process is killed with kill -9", async () => {
      const fixture = join(import.meta.dirname, "fixtures", "start-a-lab.ts");
      const child = spawn(process.execPath, ["--import", "tsx", fixture], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = (await once(createInterface(child.stdout), "line")) as [string];
      const { folder, pids } = JSON.parse(line) as { folder: string; pids: number[] };
      assert.ok(existsSync(folder) && pids.every(lives));
      child.kill("SIGKILL");
      await until("all of it is gone", () => !existsSync(folder) && !pids.some(lives));
    });
  });
});

const lives = (pid: number | undefined): boolean => existsSync(`/proc/${String(pid)}`);

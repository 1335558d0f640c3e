import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { test, type TestContext } from "node:test";
import { describeWithLab, until, type Credentials, type Lab, type LabUser } from "../index.ts";
import { clock, failureOf, open, read, recordOf, write } from "../../support/kubernetes-store.ts";
import type { LeaseStore } from "../../../src/world.ts";

async function userOf(lab: Lab): Promise<LabUser> {
  return lab.user(await lab.createNamespace(), "demo");
}

async function storeWith(user: LabUser, credentials: Credentials, t: TestContext): Promise<LeaseStore> {
  const { store } = await open(await user.kubeconfig({ credentials }));
  t.after(() => store.close());
  return store;
}

const missing = { kind: "missing" };

await describeWithLab("credentials for a real API server", (lab) => {
  test("a token that the server does not know is refused with a sentence", async (t) => {
    const store = await storeWith(await userOf(lab()), { token: "made-up" }, t);
    assert.match(
      failureOf(await read(store)),
      /^unauthorized: .+ does not accept our credentials \(HTTP 401\).+renew them/,
    );
  });

  test("a token file that was replaced is read again at once when the old token is refused", async (t) => {
    const user = await userOf(lab());
    const tokenFile = await user.tokenFile("expired");
    const store = await storeWith(user, { tokenFile }, t);
    assert.match(failureOf(await read(store)), /^unauthorized: /);
    await writeFile(tokenFile, `${user.token}\n`);
    assert.deepEqual(await read(store), missing);
    await writeFile(tokenFile, ""); // in the middle of being replaced
    assert.deepEqual(await read(store), missing);
  });

  test("a pod finds its cluster, its namespace and its rotating token by itself", async (t) => {
    const namespace = await lab().createNamespace();
    const account = await lab().serviceAccount(namespace, "demo");
    const serviceAccount = await account.podFiles();
    const { hostname, port } = new URL(lab().url);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    const opened = await open("", { kubeconfig: undefined, env, serviceAccount });
    const { store } = opened;
    t.after(() => store.close());
    assert.deepEqual([opened.namespace, opened.source], [namespace, "in-cluster service account"]);
    assert.equal((await write(store, null, recordOf("pod"))).kind, "stored");
    await writeFile(`${serviceAccount}/token`, "broken");
    const other = await open("", {
      kubeconfig: undefined,
      env: { ...env, POD_NAMESPACE: "elsewhere" },
      serviceAccount,
    });
    t.after(() => other.store.close());
    assert.equal(other.namespace, "elsewhere");
    assert.match(failureOf(await read(other.store)), /^unauthorized: /);
    await writeFile(`${serviceAccount}/token`, await lab().newToken(account.name));
    assert.match(
      failureOf(await read(other.store)),
      /^forbidden: .+system:serviceaccount/,
      "accepted, but not in that namespace",
    );
    assert.equal((await read(store)).kind, "found");
  });

  test("a client certificate works from files and inline, and a new one replaces an expired one", async (t) => {
    const user = await userOf(lab());
    assert.deepEqual(await read(await storeWith(user, user.certificate(), t)), missing);
    const files = await user.certificateFiles(Date.now() - 60_000);
    assert.ok("certificateFile" in files);
    const store = await storeWith(user, files, t);
    assert.match(failureOf(await read(store)), /^unauthorized: /);
    const renewed = user.certificate();
    await writeFile(files.certificateFile, renewed.certificate);
    assert.match(
      failureOf(await read(store)),
      /^credentials: the certificates .+ cannot be used: .+key/,
      "half replaced",
    );
    await writeFile(files.keyFile, renewed.key);
    assert.deepEqual(await read(store), missing);
  });

  test("a credential plugin is run once for many requests, without a terminal, and told what it needs", async (t) => {
    const user = await userOf(lab());
    const calls = await user.file("calls", "");
    const store = await storeWith(user, await user.execPlugin(`echo "$KUBERNETES_EXEC_INFO" >>${calls}`), t);
    assert.deepEqual(await Promise.all([read(store), read(store)]), [missing, missing]);
    assert.deepEqual(await read(store), missing);
    const [info, ...more] = (await readFile(calls, "utf8")).trim().split("\n");
    assert.deepEqual(more, []);
    assert.deepEqual(JSON.parse(info ?? ""), {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      spec: { interactive: false },
    });
  });

  test("a credential plugin whose token is refused is run again, and once more only for the next request", async (t) => {
    const user = await userOf(lab());
    const calls = await user.file("calls", "");
    const plugin = await user.execPlugin(
      `echo call >>${calls}; [ $(wc -l <${calls}) -gt 1 ] || { echo '{"status":{"token":"stale"}}'; exit 0; }`,
    );
    const store = await storeWith(user, plugin, t);
    assert.deepEqual(await read(store), missing);
    assert.equal(await readFile(calls, "utf8"), "call\ncall\n");
  });

  test("a credential plugin that fails, prints nonsense or is not there gives its own sentence each", async (t) => {
    const user = await userOf(lab());
    const failing = await storeWith(user, await user.execPlugin("echo no login >&2; exit 3"), t);
    assert.match(
      failureOf(await read(failing)),
      /^credentials: the credential plugin \/bin\/sh \(from .+\) ended with exit code 3, saying "no login"; run it by hand/,
    );
    const nonsense = await storeWith(user, await user.execPlugin("echo secret; exit 0"), t);
    const said = failureOf(await read(nonsense));
    assert.match(said, /^credentials: .+ printed no ExecCredential/);
    assert.doesNotMatch(said, /secret/);
    const absent = await storeWith(user, { exec: { command: "no-such-plugin" } }, t);
    assert.match(
      failureOf(await read(absent)),
      /^credentials: .+no-such-plugin .+ was not found; install it or correct/,
    );
  });

  test("a slow credential plugin costs a request its deadline, the next one finds the answer", async (t) => {
    const user = await userOf(lab());
    const go = `${user.folder}/go`;
    const store = await storeWith(user, await user.execPlugin(`while [ ! -e ${go} ]; do sleep 0.02; done`), t);
    const sent = clock.now();
    assert.match(
      failureOf(await read(store, 300)),
      /^credentials: .+plugin \/bin\/sh did not answer within 0\.3 s; it is still/,
    );
    assert.ok(clock.now() - sent < 5_000);
    await writeFile(go, "");
    assert.deepEqual(await read(store), missing);
  });

  test("closing the store ends a hanging credential plugin with its children", async (t) => {
    const user = await userOf(lab());
    const pids = `${user.folder}/pids`;
    const store = await storeWith(user, await user.execPlugin(`sleep 1000 & echo "$$ $!" >${pids}; wait`), t);
    const answer = read(store);
    const running = await until("the plugin runs", async () => {
      const text = existsSync(pids) ? await readFile(pids, "utf8") : "";
      return text.endsWith("\n") && text.trim().split(" ").map(Number);
    });
    store.close();
    assert.match(failureOf(await answer), /leader-exec ended the request/);
    for (const pid of running) await until(`process ${pid} is gone`, async () => !(await isRunning(pid)));
  });
});

/** A killed process that nobody has reaped yet does not count. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone) Z");
  return stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
}

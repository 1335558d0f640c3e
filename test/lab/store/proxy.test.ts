import assert from "node:assert/strict";
import { test } from "node:test";
import { diary, failureOf, leaseOf, open, read, recordOf, write } from "../../support/kubernetes-store.ts";
import { httpProxy, socksProxy, type Behaviour } from "../../support/proxies.ts";
import { describeWithLab, until, type Lab, type LabUser } from "../index.ts";

/** A kubeconfig for a server that only the proxy can find. */
async function hiddenServer(lab: Lab, user: LabUser, proxyUrl?: string): Promise<string> {
  const config = {
    "current-context": "lab",
    clusters: [
      {
        name: "lab",
        cluster: {
          server: "https://hidden.invalid:6443",
          "tls-server-name": "localhost",
          "certificate-authority": lab.caFile,
          ...(proxyUrl === undefined ? {} : { "proxy-url": proxyUrl }),
        },
      },
    ],
    users: [{ name: "lab", user: { token: user.token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "lab", namespace: user.namespace } }],
  };
  return user.file("kubeconfig", JSON.stringify(config));
}

const newUser = async (lab: Lab): Promise<LabUser> => lab.user(await lab.createNamespace(), "demo");

await describeWithLab("a proxy before a real API server", (lab) => {
  test("proxy-url leads all requests and watches through an HTTP proxy, with its password, which is never shown", async (t) => {
    const proxy = await httpProxy(t, lab().url, () => "connect");
    const user = await newUser(lab());
    const kubeconfig = await hiddenServer(lab(), user, `http://joe:p%40ss@127.0.0.1:${proxy.port}`);
    const { store } = await open(kubeconfig);
    t.after(() => store.close());
    const first = leaseOf(await write(store, null, recordOf("first")));
    const watch = diary();
    store.watch(first.version, watch);
    await write(store, leaseOf(await read(store)), recordOf("second"));
    await until("the change", () => watch.told.length > 0);
    const login = Buffer.from("joe:p@ss").toString("base64");
    assert.deepEqual(proxy.asked, Array<string>(2).fill(`hidden.invalid:6443 Basic ${login}`));
    assert.match(store.description, /through the proxy http:\/\/127\.0\.0\.1:\d+\)/);
    assert.doesNotMatch(store.description, /joe|ss@/);
    store.close();
    await until("all connections are closed", () => proxy.connections() === 0);
  });

  test("HTTPS_PROXY does the same, and NO_PROXY undoes it", async (t) => {
    const proxy = await httpProxy(t, lab().url, () => "connect");
    const kubeconfig = await hiddenServer(lab(), await newUser(lab()));
    const env = { ...process.env, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: "" };
    const { store } = await open(kubeconfig, { env });
    t.after(() => store.close());
    assert.deepEqual(await read(store), { kind: "missing" });
    const direct = await open(kubeconfig, { env: { ...env, NO_PROXY: ".invalid" } });
    t.after(() => direct.store.close());
    assert.match(failureOf(await read(direct.store)), /^(unreachable|timeout): /);
    assert.equal(proxy.asked.length, 1);
  });

  test("a SOCKS 5 proxy looks the name up itself", async (t) => {
    const proxy = await socksProxy(t, lab().url);
    const { store } = await open(await hiddenServer(lab(), await newUser(lab()), `socks5://127.0.0.1:${proxy.port}`));
    t.after(() => store.close());
    assert.equal((await write(store, null, recordOf("me"))).kind, "stored");
    assert.equal((await read(store)).kind, "found");
    assert.deepEqual(proxy.asked, ["hidden.invalid:6443"]);
  });

  test("a proxy that refuses, keeps silent or is down is named, and no dialogue with it outlasts its request", async (t) => {
    let behaviour: Behaviour = "refuse";
    const proxy = await httpProxy(t, lab().url, () => behaviour);
    const user = await newUser(lab());
    const { store } = await open(await hiddenServer(lab(), user, `http://127.0.0.1:${proxy.port}`));
    t.after(() => store.close());
    assert.match(
      failureOf(await read(store)),
      /^unreachable: cannot reach .+ \(through the proxy http:.+\): the proxy turned the connection down \(HTTP 407 .+\); check the proxy/,
    );
    behaviour = "silent";
    assert.match(failureOf(await read(store, 300)), /^timeout: no connection with .+through the proxy.+ within 0\.3 s/);
    await until("the dialogues are over", () => proxy.connections() === 0);
    behaviour = "connect";
    assert.deepEqual(await read(store), { kind: "missing" });

    const gone = await open(await hiddenServer(lab(), user, "http://127.0.0.1:1"));
    t.after(() => gone.store.close());
    assert.match(failureOf(await read(gone.store)), /^unreachable: .+ no connection with the proxy: .*ECONNREFUSED/);
  });

  test("the auth-provider of old kubeconfigs is refused at once, with what to use instead", async () => {
    const user = await newUser(lab());
    const credentials = { "auth-provider": { name: "oidc", config: {} } } as unknown as { token: string };
    const kubeconfig = await user.kubeconfig({ credentials });
    await assert.rejects(open(kubeconfig), {
      name: "LocalTrouble",
      message: /uses the auth-provider "oidc", which is not supported; use an exec plugin instead/,
    });
  });
});

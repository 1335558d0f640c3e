import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { findAccess, type SourceOptions } from "../../../src/io/kubernetes-sources.ts";
import { LocalTrouble } from "../../../src/world.ts";

/** A folder with these files (texts, or objects as JSON, which is YAML too); removed after the test. */
async function folder(t: TestContext, files: Readonly<Record<string, object | string>>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "leader-exec-kubeconfig-"));
  t.after(() => rm(path, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return path;
}

/** A kubeconfig with one context, cluster and user of this name. */
function config(name: string, more: { cluster?: object; user?: object; context?: object } = {}): object {
  return {
    "current-context": name,
    clusters: [{ name, cluster: { server: `https://${name}.example:6443`, ...more.cluster } }],
    users: [{ name, user: { token: `token-of-${name}`, ...more.user } }],
    contexts: [{ name, context: { cluster: name, user: name, ...more.context } }],
  };
}

const find = (more: Partial<SourceOptions>) =>
  findAccess({ kubeconfig: undefined, context: undefined, env: {}, serviceAccount: "/nowhere", ...more });

const hostOf = async (more: Partial<SourceOptions>): Promise<string> => (await find(more)).server.hostname;

const sentence = (expected: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LocalTrouble, String(error));
  assert.match(error.message, expected);
  return true;
};

test("--kubeconfig counts before KUBECONFIG, that before the pod's service account, that before ~/.kube/config", async (t) => {
  const root = await folder(t, {
    flag: config("flag"),
    variable: config("variable"),
    "home/.kube/config": config("home"),
    "pod/token": "secret",
  });
  const pod = { KUBERNETES_SERVICE_HOST: "pod.example", HOME: join(root, "home") };
  const env = { ...pod, KUBECONFIG: join(root, "variable") };
  const serviceAccount = join(root, "pod");
  assert.equal(await hostOf({ kubeconfig: join(root, "flag"), env, serviceAccount }), "flag.example");
  assert.equal(await hostOf({ env, serviceAccount }), "variable.example");
  assert.equal(await hostOf({ env: pod, serviceAccount }), "pod.example");
  assert.equal(await hostOf({ env: { ...pod, KUBECONFIG: ":" }, serviceAccount }), "pod.example");
  assert.equal(
    await hostOf({ env: pod, serviceAccount, context: "home" }),
    "home.example",
    "--context is of a kubeconfig",
  );
  assert.equal(await hostOf({ env: pod }), "home.example", "no token file: no pod");
  assert.equal(await hostOf({ env: { HOME: pod.HOME }, serviceAccount }), "home.example", "no service host: no pod");
});

test("without any configuration the sentence names the ways out", async (t) => {
  const root = await folder(t, { "pod/token": "secret" });
  const nothing =
    /^no Kubernetes cluster is configured: .+--kubeconfig.+KUBECONFIG.+\.kube\/config.+--lease-store file:DIR/;
  await assert.rejects(find({ env: { HOME: root } }), sentence(nothing));
  await assert.rejects(find({ serviceAccount: join(root, "pod") }), sentence(/KUBERNETES_SERVICE_HOST is not set/));
  await assert.rejects(find({ env: { KUBERNETES_SERVICE_HOST: "a" } }), sentence(/\/nowhere\/token is missing/));
});

test("a source that is named and cannot be used is an error, never a reason to take the next one", async (t) => {
  const root = await folder(t, {
    broken: "{ this is: [no yaml",
    bad: "clusters:\n  - name: a\n contexts: [",
    text: "just words",
    empty: "",
    lacking: { apiVersion: "v1", kind: "Config", clusters: [], contexts: null },
    pod: { apiVersion: "v1", kind: "Pod" },
    "home/.kube/config": config("home"),
  });
  await symlink("circle", join(root, "circle"));
  const env = { HOME: join(root, "home") };
  const rows = [
    ["absent", "it does not exist; correct the path"],
    ["home", "it is a folder; give the path of the file in it"],
    ["text/below", "a part of its path is a file; correct the path"],
    ["circle", "its symbolic links lead in a circle; correct the path"],
    ["bad", "it is no YAML (bad indentation of a mapping entry at line 3, column 2); correct the file"],
    ["text", "it is not a map with clusters, users and contexts; correct the file"],
    ["pod", 'it is of the kind "Pod", and a kubeconfig of the kind "Config"; correct the path'],
    ["empty", "it is empty; correct the file"],
    ["lacking", "there is no context in it; correct the file"],
  ] as const;
  for (const [name, why] of rows) {
    const path = join(root, name);
    const message = `cannot use the kubeconfig ${path}: ${why}, or give another one with --kubeconfig`;
    await assert.rejects(find({ kubeconfig: path, env }), { name: "LocalTrouble", message });
    if (name !== "absent")
      await assert.rejects(find({ env: { ...env, KUBECONFIG: path } }), { name: "LocalTrouble", message });
  }
  await assert.rejects(
    find({ kubeconfig: join(root, "broken"), env }),
    sentence(/: it is no YAML \(.+\); correct the file/),
  );
  const nowhere = { ...env, KUBECONFIG: ["absent", "missing"].map((name) => join(root, name)).join(":") };
  await assert.rejects(
    find({ env: nowhere }),
    sentence(/^KUBECONFIG names only what does not exist: \S+absent, \S+missing; correct or unset KUBECONFIG, or give/),
  );
});

test("a ~ that the shell has left in the path is told, with what to write instead", async () => {
  await assert.rejects(
    find({ kubeconfig: "~/.kube/config" }),
    sentence(
      /^cannot use the kubeconfig ~\/.kube\/config: .+"~", which shells replace only .+; write \$HOME\/.kube\/config$/,
    ),
  );
});

test("several files are one: the first of a name counts, also for the current context, and absent files are passed over", async (t) => {
  const root = await folder(t, {
    a: { ...config("a"), "current-context": "" },
    "sub/b": {
      ...config("b", { cluster: { "certificate-authority": "ca.crt" }, user: { tokenFile: "token" } }),
      contexts: [
        { name: "b", context: { cluster: "b", user: "b" } },
        { name: "mixed", context: { cluster: "b", user: "a" } },
      ],
    },
    c: { ...config("b", { cluster: { server: "https://second.example" } }), "current-context": "never" },
  });
  const env = { KUBECONFIG: ["absent", "a", "sub/b", "c"].map((name) => join(root, name)).join(":") };
  const current = await find({ env });
  assert.equal(current.server.hostname, "b.example");
  assert.deepEqual(current.authority, { file: join(root, "sub/ca.crt") }, "paths start at their own file");
  assert.equal(current.user.tokenFile, join(root, "sub/token"));
  const mixed = await find({ env, context: "mixed" });
  assert.deepEqual([mixed.server.hostname, mixed.user.token], ["b.example", "token-of-a"]);
});

test("a context, cluster or user that is missing is named, with the contexts there are", async (t) => {
  const root = await folder(t, {
    config: {
      ...config("good"),
      contexts: [
        { name: "no-cluster", context: { cluster: "x", user: "good" } },
        { name: "no-user", context: { cluster: "good", user: "y" } },
        { name: "nobody", context: { cluster: "good" } },
        { name: "half" },
      ],
    },
  });
  const at = (context: string) => find({ kubeconfig: join(root, "config"), context });
  await assert.rejects(
    at("other"),
    sentence(
      /^there is no complete context "other" in .+; choose one with --context \(there are: no-cluster, no-user, nobody\)/,
    ),
  );
  await assert.rejects(
    at("no-cluster"),
    sentence(/the context "no-cluster" .+ names the cluster "x", which is not there/),
  );
  await assert.rejects(at("no-user"), sentence(/names the user "y", which is not there .+; add it to users/));
  await assert.rejects(at("half"), sentence(/there is no complete context "half"/));
  const { user, authority } = await at("nobody");
  assert.equal(user.token, undefined);
  assert.equal(authority, undefined);
});

test("a context without a user keeps its authority, and a namespace that looks like a number is a text", async (t) => {
  const authority = Buffer.from("PEM").toString("base64");
  const made = config("x", { cluster: { "certificate-authority-data": authority } });
  const contexts = [{ name: "x", context: { cluster: "x", namespace: 2024 } }];
  const root = await folder(t, { config: { ...made, contexts } });
  const access = await find({ kubeconfig: join(root, "config") });
  assert.deepEqual(access.authority, { text: "PEM" });
  assert.equal(access.namespace, "2024");
});

test("everything that kubectl understands of a user is taken over", async (t) => {
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    command: "./bin/plugin",
    args: ["--region", 7],
    env: [{ name: "PROFILE", value: "dev" }],
    installHint: "get it",
    provideClusterInfo: true,
    interactiveMode: "Always",
  };
  const extensions = [{ name: "client.authentication.k8s.io/exec", extension: { audience: "a" } }];
  const more = {
    cluster: {
      extensions,
      "tls-server-name": "inner",
      "insecure-skip-tls-verify": true,
      "proxy-url": "socks5://p:1080",
    },
    user: {
      token: undefined,
      exec,
      as: "jane",
      "as-uid": "7",
      "as-groups": ["a", "b"],
      "as-user-extra": { "x/y": ["1"] },
    },
  };
  const root = await folder(t, { config: config("c", more) });
  const { user, proxy, insecure, serverName, source } = await find({ kubeconfig: join(root, "config") });
  assert.equal(source, `${join(root, "config")} (context c)`);
  assert.deepEqual([proxy?.href, insecure, serverName], ["socks5://p:1080", true, "inner"]);
  assert.deepEqual(user.plugin, {
    apiVersion: exec.apiVersion,
    command: join(root, "bin/plugin"),
    args: ["--region", "7"],
    env: { PROFILE: "dev" },
    installHint: "get it",
    needsTerminal: true,
    cluster: {
      server: "https://c.example:6443",
      "tls-server-name": "inner",
      "insecure-skip-tls-verify": true,
      "proxy-url": "socks5://p:1080",
      config: { audience: "a" },
    },
  });
  assert.deepEqual(user.impersonation, {
    "Impersonate-User": "jane",
    "Impersonate-Uid": "7",
    "Impersonate-Group": ["a", "b"],
    "Impersonate-Extra-x%2Fy": ["1"],
  });
});

test("what cannot be used in an entry is said at once: no URL, a password in it, a plugin without command", async (t) => {
  const root = await folder(t, {
    url: config("c", { cluster: { server: "10.0.0.1:6443" } }),
    password: config("c", { cluster: { server: "https://joe:pass@c.example" } }),
    proxy: config("c", { cluster: { "proxy-url": "ftp://p" } }),
    plugin: config("c", { user: { exec: { args: ["x"] } } }),
    authority: config("c", {
      cluster: { "certificate-authority": "ca.crt" },
      user: { exec: { command: "x", provideClusterInfo: true } },
    }),
  });
  const at = (name: string) => find({ kubeconfig: join(root, name) });
  await assert.rejects(at("url"), sentence(/^the server of cluster "c" in .+ is no URL that can be used; correct it/));
  await assert.rejects(at("password"), sentence(/^the server of cluster "c" in .+ has a user name in it; put/));
  await assert.rejects(at("proxy"), sentence(/^the proxy-url of cluster "c" .+ is no URL .+socks5/));
  await assert.rejects(at("plugin"), sentence(/exec entry without command/));
  await assert.rejects(
    at("authority"),
    sentence(
      /^cannot read .+\/ca\.crt, which the kubeconfig names as certificate-authority: it does not exist; correct/,
    ),
  );
});

test("in a pod, IPv6 addresses and ports become a URL, and the namespace is the pod's", async (t) => {
  const root = await folder(t, { token: "secret", namespace: "team\n" });
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "8443" };
  const access = await find({ env, serviceAccount: root });
  assert.equal(access.server.href, "https://[fd00::1]:8443/");
  assert.equal(access.namespace, "team");
  assert.deepEqual(access.authority, { file: join(root, "ca.crt") });
  assert.equal((await find({ env: { ...env, POD_NAMESPACE: "mine" }, serviceAccount: root })).namespace, "mine");
  await rm(join(root, "namespace"));
  assert.equal((await find({ env, serviceAccount: root })).namespace, undefined);
  await assert.rejects(
    find({ env: { ...env, KUBERNETES_SERVICE_PORT: "tcp://1.2.3.4:443" }, serviceAccount: root }),
    sentence(/make no URL; kubelet sets both/),
  );
});

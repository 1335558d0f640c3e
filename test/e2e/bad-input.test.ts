import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { describeWithLab, leasePath, until } from "../lab/index.ts";
import { Candidate, folderOf, isThere, product, type Start } from "../support/candidate.ts";

const elect = ["--enable-leader-election"];

/** Runs to the end; the command would leave a file behind. One sentence on stderr, nothing on stdout. */
async function refused(t: TestContext, start: Start, code: number, sentence: RegExp): Promise<Candidate> {
  const trace = join(folderOf(t), "ran");
  const candidate = new Candidate(t, { command: ["touch", trace], ...start });
  assert.equal(await candidate.code(), code, candidate.stderr);
  assert.match(candidate.stderr, sentence);
  assert.equal(candidate.stdout, "");
  assert.ok(!existsSync(trace), "the command did not run");
  return candidate;
}

const lastLine = (candidate: Candidate): string => candidate.stderr.trimEnd().split("\n").at(-1) ?? "";

void test("usage errors are one line on stderr and exit 64", async (t) => {
  for (const args of [["--lease-nmae", "x"], ["--lease-name", "x"], [...elect, "--lease-duration", "0"], ["node"]]) {
    const candidate = await refused(t, { args }, 64, /^leader-exec: [^\n]+\n$/);
    assert.doesNotMatch(candidate.stderr, /\.[tj]s:|^ +at /m);
  }
});

void test("--help and --version print on stdout and end with 0", async (t) => {
  for (const flag of ["--help", "-h", "--version"]) {
    const candidate = new Candidate(t, { args: [flag], command: [] });
    assert.equal(await candidate.code(), 0);
    assert.equal(candidate.stderr, "");
    assert.match(candidate.stdout, flag === "--version" ? /^leader-exec \d+\.\d+\.\d+\n$/ : /^Usage: leader-exec/);
  }
});

void test("a command that cannot be started is found out before contending: 127 and 126, no Lease is touched", async (t) => {
  const folder = folderOf(t);
  const plain = join(folder, "plain");
  writeFileSync(plain, "#!/bin/sh\n");
  chmodSync(plain, 0o644);
  const store = ["--lease-store", `file:${folder}/leases`];
  const rows = [
    [["no-such-command-anywhere"], 127, /command "no-such-command-anywhere" was not found in PATH/],
    [[join(folder, "missing")], 127, /does not exist; correct the path/],
    [[folder], 126, /is a directory; give the path of a program/],
    [[plain], 126, /may not be executed .*chmod \+x/],
  ] as const;
  for (const [command, code, sentence] of rows) {
    await refused(t, { args: [...elect, ...store], command }, code, sentence);
    await refused(t, { args: [], command }, code, sentence);
  }
  assert.ok(!existsSync(`${folder}/leases`));
});

void test("a current folder that was removed is one clear sentence and 125", () => {
  const script = `cd "$(mktemp -d)" && rmdir "$PWD" && exec "$0" "$@"`;
  const { status, stderr } = spawnSync("sh", ["-c", script, process.execPath, product, "--", "/bin/echo"], {
    encoding: "utf8",
  });
  assert.equal(status, 125);
  assert.match(stderr, /error: the current folder does not exist any more; change to another one/);
});

void test("a schedule that cannot be is one line with its place and 64, before anything is contacted", async (t) => {
  const folder = folderOf(t);
  const store = [...elect, "--lease-store", `file:${folder}/leases`];
  const rows = [
    [
      ["--schedule", "0 25 * * *"],
      /^leader-exec: --schedule "0 25 \* \* \*" has "25" at character 3, which is no hour [^\n]+\n$/,
    ],
    [["--schedule", "0 0 30 2 *"], /^leader-exec: --schedule "0 0 30 2 \*" never comes[^\n]+\n$/],
    [
      ["--schedule", "@daily", "--time-zone", "Mars/Base"],
      /^leader-exec: --time-zone "Mars\/Base" is no time zone[^\n]+\n$/,
    ],
    [["--schedule", "@daily", "--hold-at-least", "5s"], /--hold-at-least .*--schedule/],
  ] as const;
  for (const [args, sentence] of rows) await refused(t, { args: [...store, ...args] }, 64, sentence);
  await refused(t, { args: ["--schedule", "@daily"] }, 64, /--schedule was given but leader election is off/);
  assert.ok(!existsSync(`${folder}/leases`));
});

void test("what is wrong with the kubeconfig on this machine ends with 125 at once", async (t) => {
  const folder = folderOf(t);
  const garbage = join(folder, "garbage");
  writeFileSync(garbage, "}{");
  const config = join(folder, "config");
  writeFileSync(config, JSON.stringify({ apiVersion: "v1", kind: "Config", clusters: [], users: [], contexts: [] }));
  const rows = [
    [["--kubeconfig", join(folder, "missing")], /cannot use the kubeconfig .*missing: it does not exist; correct/],
    [["--kubeconfig", garbage], /cannot use the kubeconfig .*garbage: it is no YAML/],
    [["--kubeconfig", config], /cannot use the kubeconfig .*config: there is no context in it/],
  ] as const;
  for (const [args, sentence] of rows) await refused(t, { args: [...elect, ...args] }, 125, sentence);
  await refused(
    t,
    { args: elect, env: { HOME: folder } },
    125,
    /no Kubernetes cluster is configured: .*--lease-store file:DIR/,
  );
});

void test("results that cannot be written are no success: 125, and why; a reader that has seen enough is no failure", (t) => {
  const store = `--lease-store file:${folderOf(t)}`;
  for (const words of ["--help", "--version", "status --help", "rbac -n jobs", `status ${store}`, `doctor ${store}`]) {
    const shell = (to: string) =>
      spawnSync("sh", ["-c", `"$0" "$1" ${words} ${to}`, process.execPath, product], { encoding: "utf8" });
    const full = shell(">/dev/full");
    assert.equal(full.status, 125, words);
    assert.match(
      full.stderr,
      /^(.*\n)?leader-exec: cannot write to standard output: no space is left .*; see where[^\n]*\n$/,
    );
    const closed = shell("| true");
    assert.doesNotMatch(closed.stderr, /standard output|\bat /, words);
  }
});

void test("a kubeconfig that cannot be used is the same sentence everywhere, with the exit code that is documented there", async (t) => {
  const folder = folderOf(t);
  const config = join(folder, "config");
  writeFileSync(config, "kind: Config\n");
  chmodSync(config, 0);
  chmodSync(folder, 0o755);
  const asNobody = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  const kubeconfigs = [
    [join(folder, "missing"), "it does not exist; correct the path"],
    [folder, "it is a folder; give the path of the file in it"],
    [config, "permission denied; give this user read access to it"],
  ] as const;
  const questions = [
    [["status", "job"], 125],
    [["status", "--all"], 125],
    [["status", "job", "--watch"], 125],
    [["step-down", "job"], 125],
    [["rbac"], 125],
    [["doctor"], 1],
  ] as const;
  for (const [kubeconfig, why] of kubeconfigs) {
    const sentence = `cannot use the kubeconfig ${kubeconfig}: ${why}, or give another one with --kubeconfig`;
    for (const [words, code] of questions) {
      const instead = [...asNobody, process.execPath, product, ...words, "--kubeconfig", kubeconfig];
      const asked = new Candidate(t, { instead });
      assert.equal(await asked.code(), code, words.join(" "));
      if (code === 125) assert.deepEqual([asked.stdout, asked.stderr], ["", `leader-exec: ${sentence}\n`]);
      else assert.ok(asked.stdout.includes(`problem  configuration  ${sentence}\n`), asked.stdout);
    }
  }
});

void test("an API server that cannot be reached is tried until --startup-timeout, then 125", async (t) => {
  const config = join(folderOf(t), "config");
  const cluster = { name: "c", cluster: { server: "https://127.0.0.1:1" } };
  const context = { name: "x", context: { cluster: "c", user: "" } };
  writeFileSync(config, JSON.stringify({ clusters: [cluster], contexts: [context], "current-context": "x" }));
  const args = [...elect, "--kubeconfig", config, "--startup-timeout", "1500ms"];
  const candidate = await refused(t, { args }, 125, /cannot reach the API server https:\/\/127\.0\.0\.1:1/);
  assert.match(lastLine(candidate), /gave up after 1\.\ds without getting at the Lease \(--startup-timeout\)/);
});

void test("a file store that cannot be written ends with 125 at once", async (t) => {
  const folder = folderOf(t);
  const file = join(folder, "file");
  writeFileSync(file, "");
  await refused(t, { args: [...elect, "--lease-store", `file:${file}`] }, 125, /file/);
  await refused(t, { args: [...elect, "--lease-store", `file:${file}/below`] }, 125, /file/);
  await refused(t, { args: [...elect, "--lease-store", "file:/proc/leases"] }, 125, /\/proc/);
});

void test("a damaged lease file is never taken for a free Lease: 125, and what to do", async (t) => {
  const folder = folderOf(t);
  const args = [...elect, "--lease-store", `file:${folder}`, "--lease-name", "job", "--startup-timeout", "1s"];
  const first = new Candidate(t, { args, command: ["true"] });
  assert.equal(await first.code(), 0);
  writeFileSync(join(folder, "default", "job", "9999999999999.json"), '{"apiVersion":');
  await refused(t, { args }, 125, /9999999999999\.json .*delete/);
});

void test("a last tick that is no time ends a schedule with 125, and is not written over", async (t) => {
  const folder = folderOf(t);
  const store = [...elect, "--lease-store", `file:${folder}`, "--lease-name", "job"];
  const first = new Candidate(t, { args: store, command: ["true"] });
  assert.equal(await first.code(), 0);
  const leases = join(folder, "default", "job");
  const last =
    readdirSync(leases)
      .filter((name) => name.endsWith(".json"))
      .sort()
      .at(-1) ?? "";
  const version = String(Number.parseInt(last) + 1);
  const text = readFileSync(join(leases, last), "utf8").replace(
    /"resourceVersion": "\d+"/,
    `"resourceVersion": "${version}"`,
  );
  const spoilt = text.replace(/"annotations": \{\}/, '"annotations": { "leader-exec/last-tick": "yesterday" }');
  assert.match(spoilt, /yesterday/);
  writeFileSync(join(leases, `${version}.json`), spoilt);
  const args = [...store, "--schedule", "* * * * * *"];
  await refused(t, { args }, 125, /leader-exec\/last-tick, "yesterday", is no time, .*; correct it .*, or remove it/);
  assert.equal(readFileSync(join(leases, `${version}.json`), "utf8"), spoilt);
  assert.ok(!existsSync(join(leases, `${Number(version) + 1}.json`)), "nothing was written after it");
});

void test("-q prints nothing when the command ran and ended by itself, but errors all the same", async (t) => {
  const store = ["--lease-store", `file:${folderOf(t)}/leases`];
  for (const args of [[], [...elect, ...store]]) {
    const quiet = new Candidate(t, { args: [...args, "-q"], command: ["sh", "-c", "echo out; exit 5"] });
    assert.equal(await quiet.code(), 5);
    assert.deepEqual([quiet.stdout, quiet.stderr], ["out\n", ""]);
  }
  await refused(t, { args: ["-q"], command: ["no-such-command-anywhere"] }, 127, /was not found/);
});

await describeWithLab("bad rights and bad credentials, on a real API server", (lab) => {
  const short = [...elect, "--startup-timeout", "1s", "--lease-name", "job"];

  test("each verb that is missing is named together with the rule that allows it", async (t) => {
    const namespace = await lab().createNamespace();
    const user = await lab().user(namespace, "job");
    const kubeconfig = await user.kubeconfig();
    const args = [...short, "--kubeconfig", kubeconfig];
    await user.role.remove("create");
    await refused(t, { args }, 125, /not allowed to create the Lease .*resources: \["leases"\], verbs: \["create"\]/);
    await user.role.remove("get");
    const sentence = /not allowed to get the Lease .*resourceNames: \["job"\], verbs: \["get", "update", "watch"\]/;
    await refused(t, { args }, 125, sentence);
    assert.equal((await lab().admin("GET", leasePath(namespace, "job"))).status, 404, "no Lease was made");
  });

  test("an API server whose certificate another authority signed is not talked to", async (t) => {
    const user = await lab().user(await lab().createNamespace(), "job");
    const config = readFileSync(await user.kubeconfig(), "utf8").replace(/certificate-authority: .*/, "");
    const kubeconfig = join(folderOf(t), "config");
    writeFileSync(kubeconfig, config.replace(/"certificate-authority": *"[^"]*",?/, ""));
    await refused(
      t,
      { args: [...short, "--kubeconfig", kubeconfig] },
      125,
      /cannot trust the API server .*certificate-authority/,
    );
  });

  test("wrong tokens, wrong authorities, missing namespaces and failing plugins end with 125 and say so", async (t) => {
    const namespace = await lab().createNamespace();
    const user = await lab().user(namespace, "job");
    const rows = [
      [{ credentials: { token: "wrong" } }, /does not accept our credentials \(HTTP 401\)/],
      [{ credentials: await user.execPlugin("echo no luck >&2; exit 1") }, /ended with exit code 1, saying "no luck"/],
      [
        { credentials: { exec: { command: "no-such-plugin", args: [] } } },
        /no-such-plugin .*was not found; install it/,
      ],
    ] as const;
    for (const [options, sentence] of rows) {
      const kubeconfig = await user.kubeconfig(options);
      await refused(t, { args: [...short, "--kubeconfig", kubeconfig] }, 125, sentence);
    }
  });

  test("a namespace that does not exist ends with 125, although an API server says only that the Lease is missing", async (t) => {
    const kubeconfig = await (
      await lab().user(await lab().createNamespace(), "job")
    ).kubeconfig({ credentials: { token: lab().adminToken } });
    const args = [...short, "--kubeconfig", kubeconfig, "-n", "nowhere"];
    await refused(
      t,
      { args },
      125,
      /the namespace "nowhere" does not exist on .*; create it, or choose another one with -n/,
    );
  });

  test("a credential plugin that hangs is waited for until --startup-timeout and left behind by nobody", async (t) => {
    const namespace = await lab().createNamespace();
    const user = await lab().user(namespace, "job");
    const trace = join(folderOf(t), "pid");
    const kubeconfig = await user.kubeconfig({
      credentials: await user.execPlugin(`echo $$ >${trace}; exec sleep 1000`),
    });
    await refused(t, { args: [...short, "--kubeconfig", kubeconfig] }, 125, /credential plugin/);
    const pid = Number(readFileSync(trace, "utf8"));
    assert.ok(pid > 1);
    await until("the plugin is gone", () => !isThere(pid));
  });
});

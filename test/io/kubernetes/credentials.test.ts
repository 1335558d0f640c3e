import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, open as openFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { RotatingFile } from "../../../src/io/credentials-file.ts";
import { CredentialTrouble, sameProof } from "../../../src/io/credentials-proof.ts";
import { PluginSource } from "../../../src/io/credentials-plugin.ts";
import { nobody, type ClusterAccess } from "../../../src/io/kubernetes-access.ts";
import { Agents } from "../../../src/io/https-agents.ts";
import { Authority } from "../../lab/certificates.ts";
import { until } from "../../lab/until.ts";
import { openAt } from "../../support/fake-api.ts";
import { clock } from "../../support/kubernetes-store.ts";

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "leader-exec-credentials-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

/** A clock that stands until it is set, with a time of day that goes along. */
function handClock() {
  const start = Date.now();
  const hand = { at: 0, now: () => hand.at, wall: () => start + hand.at };
  return hand;
}

const server = "https://127.0.0.1:1";

test("credentials that are wrong on this machine end the start at once, each with its sentence", async (t) => {
  const root = await folder(t);
  await writeFile(join(root, "empty"), "\n");
  const garbage = { text: "no PEM" };
  const empty = join(root, "empty");
  const absent = join(root, "absent");
  const table: [access: Partial<ClusterAccess>, expected: RegExp][] = [
    [
      { user: { ...nobody, tokenFile: empty } },
      /^cannot read .+empty, which the Kubernetes configuration names: it is empty; correct/,
    ],
    [{ user: { ...nobody, tokenFile: absent } }, /^cannot read .+absent.+: it does not exist; correct the path/],
    [
      { user: { ...nobody, certificate: { file: root }, key: { file: root } } },
      /^cannot read .+: it is a folder; correct/,
    ],
    [{ authority: { file: absent } }, /^cannot read .+absent.+: it does not exist/],
    [{ user: { ...nobody, certificate: garbage, key: garbage } }, /^the certificates .+ cannot be used: .+\(PEM\)/],
  ];
  for (const [access, message] of table)
    await assert.rejects(openAt(server, access), { name: "LocalTrouble", message });
});

test("a file is read again after ten seconds, without anybody waiting for it", async (t) => {
  const path = join(await folder(t), "token");
  await writeFile(path, "one\n");
  const hand = handClock();
  const file = new RotatingFile(path, hand);
  assert.equal(await file.read(false), "one");
  await writeFile(path, "two");
  hand.at = 9_999;
  assert.equal(await file.read(false), "one");
  hand.at = 10_000;
  assert.equal(await file.read(false), "one", "the new content is for the next one");
  await until("the new content", async () => (await file.read(false)) === "two");
  await rm(path);
  assert.equal(await file.read(true), "two", "while it is being replaced");
});

test("a token file on a disk that hangs delays nothing, and occupies one thread however often it is asked for", async (t) => {
  const root = await folder(t);
  const path = join(root, "token");
  await writeFile(path, "good");
  const hand = handClock();
  const file = new RotatingFile(path, hand);
  await file.read(false);
  execFileSync("mkfifo", [join(root, "hanging")]);
  await rename(join(root, "hanging"), path);
  for (let request = 0; request < 20; request++) {
    hand.at += 60_000;
    assert.equal(await file.read(false), "good");
  }
  await writeFile(join(root, "other"), "threads are left for others");
  const writer = await openFile(path, "w"); // ends what hangs
  await writer.writeFile("new");
  await writer.close();
  await until("the new content", async () => (await file.read(false)) === "new");
});

test("while only one of certificate and key is replaced, connections are made with the old pair", () => {
  const authority = new Authority("test");
  const [old, renewed] = [authority.issue({ name: "old" }), authority.issue({ name: "new" })];
  const agents = new Agents({ server: new URL(server), insecure: false, serverName: undefined, tunnel: undefined });
  const texts = { authority: authority.certificate, certificate: old.certificate, key: old.key };
  const pair = agents.for(texts, false);
  const half = { ...texts, certificate: renewed.certificate };
  assert.equal(agents.for(half, false), pair);
  assert.throws(() => agents.for(half, true), CredentialTrouble, "unless the old pair was refused");
  assert.notEqual(agents.for({ ...half, key: renewed.key }, false), pair);
  agents.close();
});

test("a credential plugin is asked anew before its credential expires, while the old one is still in use", async (t) => {
  const root = await folder(t);
  const script = join(root, "plugin.sh");
  // The number of the call is the token; how long it is good stands in a file.
  const answer = `{"status":{"token":"'$(($(wc -l <calls)))'","expirationTimestamp":"'$(cat expiry)'"}}`;
  await writeFile(script, `cd ${root}\necho call >>calls\necho '${answer}'\n`);
  const hand = handClock();
  const twoMinutes = (): Promise<void> =>
    writeFile(join(root, "expiry"), new Date(hand.wall() + 120_000).toISOString());
  await twoMinutes();
  const plugin = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "/bin/sh",
    args: [script],
    env: {},
    installHint: undefined,
    needsTerminal: false,
    cluster: undefined,
  };
  const source = new PluginSource(plugin, "a test", process.env, hand);
  t.after(() => source.close());
  const token = async (): Promise<string | undefined> => (await source.get(undefined)).authorization;
  assert.equal(await token(), "Bearer 1");
  hand.at = 80_000;
  assert.equal(await token(), "Bearer 1", "not yet");
  hand.at = 95_000;
  await twoMinutes();
  assert.equal(await token(), "Bearer 1", "a new one is fetched behind it");
  await until("the new token", async () => (await token()) === "Bearer 2");
  hand.at += 200_000;
  await twoMinutes();
  assert.equal(await token(), "Bearer 3", "an expired one is not shown any more");
  const third = await source.get(undefined);
  const fourth = await source.get(third);
  assert.ok(!sameProof(third, fourth), "nor is one that was refused");
});

test("a plugin that needs a terminal is refused, because there is none", async () => {
  const plugin = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "login",
    args: [],
    env: {},
    installHint: undefined,
    needsTerminal: true,
    cluster: undefined,
  };
  const source = new PluginSource(plugin, "a test", {}, clock);
  await assert.rejects(
    source.get(undefined),
    /plugin login \(from a test\) needs a terminal .+; use credentials that need none/,
  );
});

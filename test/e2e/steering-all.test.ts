/** status --all --watch, as a user calls it, on both stores. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { rightsFor, rulesOf } from "../../src/ask/rights.ts";
import { describeWithLab, leasePath, until } from "../lab/index.ts";
import { Candidate, Candidates, folderOf, product } from "../support/candidate.ts";

const watching = (t: TestContext, ...words: string[]): Candidate =>
  new Candidate(t, { instead: [process.execPath, product, "status", "--all", "--watch", ...words] });

async function leaderOf(candidates: Candidates): Promise<[Candidate, string]> {
  const leader = candidates.start();
  const { identity = "" } = await leader.says(/^acquired/);
  await leader.says(/^started the command/);
  return [leader, identity];
}

async function ended(leader: Candidate): Promise<void> {
  leader.kill("SIGTERM");
  await leader.exited;
}

/** What was told, without the times, and without renewals that a busy machine made late. */
const toldBy = (watch: Candidate): string[] =>
  watch.stdout
    .trim()
    .split("\n")
    .filter((line) => !/ renews? it /.test(line))
    .map((line) => line.replace(/^\S+Z /, "").replace(/since \S+Z$/, "since then"));

describe("status --all --watch, on the file store", () => {
  test("each change is one line that names the Lease, also of one that comes later, and Ctrl-C ends it", async (t) => {
    const store = ["--lease-store", `file:${folderOf(t)}`];
    const of = (lease: string): Candidates => new Candidates(t, [...store, "--lease-name", lease]);
    const [one, first] = await leaderOf(of("a"));
    const watch = watching(t, ...store);
    await until("the first is told", () => watch.stdout.includes(`default/a: ${first} leads, since `));
    const [two, second] = await leaderOf(of("b"));
    await until("the second is told", () => watch.stdout.includes(`default/b: ${second} leads, since `));
    await ended(two);
    await until("its release is told", () => watch.stdout.includes("default/b: " + `${second} released it`));
    rmSync(join(store[1]?.slice("file:".length) ?? "", "default", "b"), { recursive: true });
    await until("its end is told", () => watch.stdout.includes("default/b: the Lease was deleted"));
    watch.child.kill("SIGINT");
    assert.deepEqual(await watch.exited, { code: 0, signal: null }, "who is left is held");
    await ended(one);
    assert.equal(watch.stderr, "");
    assert.deepEqual(toldBy(watch), [
      `default/a: ${first} leads, since then`,
      `default/b: ${second} leads, since then`,
      `default/b: ${second} released it; nobody leads`,
      "default/b: the Lease was deleted",
    ]);
  });

  test("where there is no Lease yet it says so and waits for one; -o json prints an object a change", async (t) => {
    const store = ["--lease-store", `file:${folderOf(t)}`];
    const watch = watching(t, ...store, "-o", "json");
    await until("it says that there is none", () => watch.stderr.includes("default; still looking\n"));
    const [leader, identity] = await leaderOf(new Candidates(t, [...store, "--lease-name", "late"]));
    await until("it is told", () => watch.stdout.endsWith("\n"));
    await ended(leader);
    await until("its release is told", () => watch.stdout.split("\n").length === 3);
    watch.child.kill("SIGTERM");
    assert.deepEqual(await watch.exited, { code: 1, signal: null });
    const objects = watch.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { name: string; state: string; holder: string | null });
    assert.deepEqual(
      objects.map(({ name, state, holder }) => [name, state, holder]),
      [
        ["late", "held", identity],
        ["late", "free", null],
      ],
    );
    assert.match(watch.stderr, /^leader-exec: there are no Leases in the namespace default; still looking\n$/);
  });

  test("on a terminal it is one table of all, with the changes by name below it", async (t) => {
    const store = ["--lease-store", `file:${folderOf(t)}`];
    const [, first] = await leaderOf(new Candidates(t, [...store, "--lease-name", "a"]));
    const [two, second] = await leaderOf(new Candidates(t, [...store, "--lease-name", "b"]));
    const terminal = join(import.meta.dirname, "..", "fixtures", "terminal.py");
    const words = [terminal, process.execPath, product, "status", "--all", "--watch", ...store];
    const child = spawn("python3", words, { stdio: ["pipe", "pipe", "inherit"], cwd: folderOf(t) });
    t.after(() => child.kill("SIGKILL"));
    const exited = new Promise((resolve) => child.once("close", resolve));
    let shown = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
    await until(
      "both are drawn",
      () => shown.includes(`  a: ${first} leads`) && shown.includes(`  b: ${second} leads`),
    );
    await ended(two);
    await until("the release is drawn", () => shown.includes(`  b: ${second} released it; nobody leads`));
    child.stdin.write("interrupt\n");
    assert.equal(await exited, 1);
    const end = shown.slice(shown.lastIndexOf("\x1b[?25h\x1b[?1049l"));
    assert.match(end, new RegExp(`NAME +STATE [^]*\na +held +${first} [^]*\nb +free [^]*  b: ${second} released it`));
  });
});

await describeWithLab("status --all --watch, on a real API server", (lab) => {
  test("it needs the verb list alone, goes on over an outage, and tells what has become of the Leases meanwhile", async (t) => {
    const namespace = await lab().createNamespace();
    const candidate = await lab().user(namespace, "job");
    const rights = rightsFor({ leaseName: "job", purpose: "status" }).filter(({ verb }) => verb === "list");
    const looker = await lab().user(namespace, "job", rulesOf(rights));
    const of = new Candidates(t, ["--kubeconfig", await candidate.kubeconfig(), "--lease-name", "job"]);
    const [one, first] = await leaderOf(of);
    const proxy = await lab().proxy();
    const watch = watching(t, "--kubeconfig", await looker.kubeconfig({ server: proxy.url }));
    await until("it tells who leads", () => watch.stdout.includes(`${namespace}/job: ${first} leads, since `));
    proxy.refuseNewConnections();
    proxy.reset();
    await until("the outage is told", () => watch.stderr.includes("; still looking\n"));
    await ended(one);
    await proxy.heal();
    await until("the release is told", () => watch.stdout.includes(`${namespace}/job: ${first} released it`));
    assert.match(watch.stderr, /^leader-exec: .*; still looking\n[^]*leader-exec: the Leases can be read again\n$/);
    assert.equal((await lab().admin("DELETE", leasePath(namespace, "job"))).status, 200);
    await until("the deletion is told", () => watch.stdout.endsWith("/job: the Lease was deleted\n"));
    watch.child.kill("SIGINT");
    assert.deepEqual(await watch.exited, { code: 0, signal: null }, "as of a list of none");
  });
});

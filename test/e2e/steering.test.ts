/** status and step-down, as a user calls them, on both stores. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { until } from "../lab/index.ts";
import { Candidate, folderOf, product, type Candidates } from "../support/candidate.ts";
import { answerOf } from "../support/subcommand.ts";
import { onEachStore } from "./stores.ts";

interface Status {
  readonly state: string;
  readonly holder: string | null;
  readonly holderKind: string | null;
  readonly renewedAgoSeconds: number;
  readonly stepDownRequest: string | null;
  readonly transitions: number;
}

async function statusOf(t: TestContext, { args }: Candidates): Promise<Status & { code: number | null }> {
  const { code, stdout, stderr } = await answerOf(t, ["status", ...args, "-o", "json"]);
  assert.match(stdout, /^\{/, stderr);
  return { ...(JSON.parse(stdout) as Status), code };
}

const leaseOf = ({ args }: Candidates): string => args[args.indexOf("--lease-name") + 1] ?? "";
const nameOf = (candidates: Candidates): string =>
  candidates.args.includes("--lease-name") ? leaseOf(candidates) : "leader-exec";
/** step-down wants the name as its operand. */
const placeOf = ({ args }: Candidates): string[] =>
  args.filter((word, at) => word !== "--lease-name" && args[at - 1] !== "--lease-name");
const stepDown = (t: TestContext, candidates: Candidates, ...more: string[]) =>
  answerOf(t, ["step-down", nameOf(candidates), ...placeOf(candidates), ...more]);

async function identityOf(candidate: Candidate): Promise<string> {
  const { identity = "" } = await candidate.says(/^(acquired|standing by)/);
  return identity;
}

/** The one that leads, and one that stands by. */
async function pair(candidates: Candidates): Promise<[Candidate, Candidate]> {
  const first = candidates.start({ env: { PROBE_CLEANUP: "200" } });
  await candidates.journal.start(1);
  const second = candidates.start({ env: { PROBE_CLEANUP: "200" } });
  await second.says(/^standing by/);
  return [first, second];
}

/**
 * The holder steps down, and the next one comes once that was told: among processes of one machine a Lease may be taken so soon that a
 * watch of files finds the successor's version alone.
 */
async function seenHandOver(t: TestContext, candidates: Candidates, shown: () => string): Promise<string> {
  await stepDown(t, candidates);
  await until("the release is told", () => shown().includes("released it; nobody leads"));
  const two = await identityOf(candidates.start());
  await until("the successor is told", () => shown().includes(`${two} leads, after`));
  return two;
}

await onEachStore("status and step-down", (newCandidates) => {
  test("status tells by its exit code whether the Lease is missing, held, expired or free", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start();
    await candidates.journal.start(1);
    const held = await statusOf(t, candidates);
    assert.deepEqual([held.code, held.state, held.holderKind], [0, "held", "leader-exec"]);
    assert.equal(held.holder, await identityOf(first));
    first.kill("SIGSTOP");
    const expired = await until("the Lease expires", async () => {
      const now = await statusOf(t, candidates);
      return now.state === "expired" ? now : undefined;
    });
    assert.deepEqual([expired.code, expired.holder], [2, held.holder]);
    assert.ok(expired.renewedAgoSeconds >= 4, `${expired.renewedAgoSeconds}`);
    first.kill("SIGCONT");
    await first.exited;
    const second = candidates.start();
    await candidates.journal.start(2);
    second.kill("SIGTERM");
    await second.exited;
    const free = await statusOf(t, candidates);
    assert.deepEqual([free.code, free.state, free.holder], [1, "free", null]);
    const missing = await answerOf(t, ["status", nameOf(candidates), ...placeOf(candidates), "-n", "nowhere"]);
    assert.notEqual(missing.code, 0);
  });

  test("step-down --wait: the command is stopped gently, the next one starts, and the first stands by again", async (t) => {
    const candidates = await newCandidates(t);
    const [first, second] = await pair(candidates);
    const [one, two] = [await identityOf(first), await identityOf(second)];
    const asked = await stepDown(t, candidates, "--wait");
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(
      asked.stdout,
      new RegExp(`^asked ${one} to step down \\(request \\w+\\)\n${two} is the holder of .* now; nobody led for `),
    );
    await candidates.journal.start(2);
    assert.deepEqual(candidates.journal.overlaps(), []);
    assert.deepEqual(candidates.journal.lives()[0]?.signals, ["SIGTERM"]);
    await first.says(/^stepped down; the command exited with code 0; standing by, and not contending for 5s$/);
    const now = await statusOf(t, candidates);
    assert.deepEqual([now.holder, now.stepDownRequest, now.transitions], [two, null, 1]);
    // And back: the same process runs its command a second time.
    second.kill("SIGTERM");
    await candidates.journal.start(3);
    assert.equal((await statusOf(t, candidates)).holder, one);
    first.kill("SIGTERM");
    assert.deepEqual(await first.exited, { code: 0, signal: null });
  });

  test("two requests are one, and an old one does nothing to a successor", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start({ env: { PROBE_CLEANUP: "1500" } });
    await candidates.journal.start(1);
    const second = candidates.start();
    await second.says(/^standing by/);
    const asked = await stepDown(t, candidates);
    const again = await stepDown(t, candidates);
    assert.match(again.stdout, /has been asked already to step down/);
    assert.deepEqual([asked.code, again.code], [0, 0]);
    await candidates.journal.start(2);
    assert.equal(first.records().filter(({ message }) => message.startsWith("asked to step down")).length, 1);
    const { holder, stepDownRequest } = await statusOf(t, candidates);
    assert.deepEqual([holder, stepDownRequest], [await identityOf(second), null]);
  });

  test("nobody to ask: a free Lease, and a missing one, are told with 1", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start();
    await candidates.journal.start(1);
    first.kill("SIGTERM");
    await first.exited;
    const free = await stepDown(t, candidates);
    assert.equal(free.code, 1);
    assert.match(free.stderr, /^leader-exec: nobody holds the Lease .*, so nobody can step down\n$/);
  });

  test("status --watch in a pipe tells each change of a hand-over in one line, and ends with Ctrl-C", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start();
    await candidates.journal.start(1);
    const watch = new Candidate(t, { instead: [process.execPath, product, "status", "--watch", ...candidates.args] });
    await until("it tells who leads", () => watch.stdout.includes(" leads, since "));
    const two = await seenHandOver(t, candidates, () => watch.stdout);
    watch.child.kill("SIGINT");
    assert.deepEqual(await watch.exited, { code: 0, signal: null });
    const one = await identityOf(first);
    const lines = watch.stdout
      .trim()
      .split("\n")
      .map((line) => line.replace(/^\S+Z \S+: /, ""));
    assert.match(lines[0] ?? "", new RegExp(`^${one} leads, since `));
    assert.match(
      lines.join("\n"),
      new RegExp(`${one} released it; nobody leads\n${two} leads, after .* without a leader$`),
    );
  });

  test("status --watch on a terminal redraws its table over a hand-over, and leaves the terminal as it was", async (t) => {
    const candidates = await newCandidates(t);
    candidates.start();
    await candidates.journal.start(1);
    const terminal = join(import.meta.dirname, "..", "fixtures", "terminal.py");
    const words = [terminal, process.execPath, product, "status", "--watch", ...candidates.args];
    const child = spawn("python3", words, { stdio: ["pipe", "pipe", "inherit"], cwd: folderOf(t) });
    t.after(() => child.kill("SIGKILL"));
    const exited = new Promise((resolve) => child.once("close", resolve));
    let shown = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
    await until("the table is drawn", () => shown.includes("\x1b[?1049h") && shown.includes("held"));
    const two = await seenHandOver(t, candidates, () => shown);
    const before = shown.length;
    child.stdin.write("resize\n");
    await until("it is drawn for the new size", () => {
      const frames = shown.slice(before).split("\x1b[H").slice(1);
      return frames.some((frame) => frame.split("\n").length <= 13 && /^[^\x1b]{1,60}\x1b\[K/.test(frame));
    });
    child.stdin.write("interrupt\n");
    assert.equal(await exited, 0);
    const end = shown.slice(shown.lastIndexOf("\x1b[?25h\x1b[?1049l"));
    assert.match(end, new RegExp(`^\x1b\\[\\?25h\x1b\\[\\?1049lNAME[^]*${two} leads, after`));
  });
});

void test("what a user mistakes is told in one sentence, and nothing is created by asking", async (t) => {
  const folder = folderOf(t);
  const asked = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await answerOf(t, words);
    assert.equal(stdout, "");
    assert.equal(stderr.split("\n").length, 2, stderr);
    return `${code} ${stderr}`;
  };
  assert.match(
    await asked("status", "--lease-store", `file:${folder}/no`),
    /^125 leader-exec: the lease store .*\/no is not there: nobody has used it yet.*; see that/,
  );
  assert.match(await asked("status", "a", "--all", "--lease-store", `file:${folder}`), /^64 .*a was named, and --all/);
  assert.match(await asked("status", "-o", "xml"), /^64 .*--output "xml" is not known|^64 .*-o "xml" is not known/);
  assert.match(await asked("step-down"), /^64 .*which Lease\? Give its name/);
  assert.match(await asked("step-down", "a", "--lease-store", `file:${folder}`), /^1 .*there is no Lease default\/a/);
  assert.match(await asked("step-down", "a", "--wait-timeout", "5s"), /^64 .*without --wait/);
  assert.match(
    await asked("step-down", "a", "--wait", "5s"),
    /^64 .*"5s" is one too many; for a time there is --wait-t/,
  );
  assert.match(await asked("step-down", "a", "--wait=5s"), /^64 .*takes none here; give --wait --wait-timeout 5s$/m);
});

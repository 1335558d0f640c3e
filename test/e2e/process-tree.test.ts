/** The built product, with and without a cgroup for its command. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { until } from "../lab/until.ts";
import { Candidate, folderOf, isThere, shortTimes } from "../support/candidate.ts";
import { below, homeOrSkip, newCgroup } from "../support/cgroups.ts";

const nobody = 65534;
const asNobody = ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];
/** Starts leader-exec in this cgroup. */
const inside = (folder: string): string[] => ["sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec "$@"', folder];
const inCgroup = /process tree: cgroup (\/\S+), killed as a whole/;
/** A process that the search in /proc cannot find; it appends its pid to $PIDS first. */
const lost = `(setsid sh -c 'echo $$ >>"$PIDS"; exec env -i sleep 1000' &)
while [ "$(cat /proc/$(tail -n1 "$PIDS" 2>/dev/null)/comm 2>/dev/null)" != sleep ]; do sleep 0.01; done; cat "$PIDS"`;

/** A file that everybody may write, and everybody may reach. */
function pidsFile(t: TestContext): string {
  const folder = folderOf(t);
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "pids"), "", { mode: 0o666 });
  chmodSync(join(folder, "pids"), 0o666);
  return join(folder, "pids");
}

const rootOrSkip = (t: TestContext): string | null => {
  if (process.getuid?.() === 0) return homeOrSkip(t);
  t.skip("NOT TESTED: only root can become another user and make cgroups for him");
  return null;
};

void test("what the command leaves behind is gone with its cgroup, also below a nested leader-exec", async (t) => {
  const home = homeOrSkip(t);
  if (home === null) return;
  const { execPath } = process;
  const product = join(import.meta.dirname, "..", "..", "bin", "leader-exec.cjs");
  const candidate = new Candidate(t, {
    args: ["-v", "--process-tree", "cgroup"],
    command: [execPath, product, "-v", "--process-tree", "cgroup", "--", "sh", "-c", lost],
    env: { PIDS: pidsFile(t) },
  });
  assert.equal(await candidate.code(), 0, candidate.stderr);
  const folders = [...candidate.stderr.matchAll(new RegExp(inCgroup, "g"))].map(([, folder = ""]) => folder);
  const [outer = "", inner = ""] = folders;
  assert.equal(folders.length, 2);
  assert.ok(inner.startsWith(`${outer}/`), "the inner one lies in the outer one");
  assert.match(candidate.stdout, /^\d+\n$/);
  assert.ok(!isThere(Number(candidate.stdout)));
  await until("its cgroup is removed", () => !existsSync(outer));
});

void test("kill -9 of leader-exec takes a nested one with all that it runs", async (t) => {
  if (homeOrSkip(t) === null) return;
  const product = join(import.meta.dirname, "..", "..", "bin", "leader-exec.cjs");
  const candidate = new Candidate(t, {
    args: ["-v", "--process-tree", "cgroup"],
    command: [process.execPath, product, "-v", "--", "sh", "-c", `${lost}; exec sleep 1000`],
    env: { PIDS: pidsFile(t) },
  });
  await until("the inner command runs", () => /\d\n/.test(candidate.stdout), 30_000);
  const outer = inCgroup.exec(candidate.stderr)?.[1] ?? assert.fail(candidate.stderr);
  candidate.kill("SIGKILL");
  await until("all is gone", () => !isThere(Number(candidate.stdout)) && !existsSync(outer));
});

void test("the next holder's command starts when the cgroup of the last one's is empty", async (t) => {
  if (homeOrSkip(t) === null) return;
  const pids = pidsFile(t);
  const store = ["--enable-leader-election", ...shortTimes, "--lease-store", `file:${join(folderOf(t), "leases")}`];
  const args = [...store, "--process-tree", "cgroup", "--log-format", "json"];
  const first = new Candidate(t, {
    args,
    command: ["sh", "-c", `${lost}; read line`],
    env: { PIDS: pids },
    stdio: "pipe",
  });
  await until("it leads", () => /\d\n/.test(first.stdout));
  const look = 'cat "/proc/$(cat "$PIDS")/stat" 2>/dev/null || true';
  const second = new Candidate(t, { args, command: ["sh", "-c", look], env: { PIDS: pids } });
  await second.says(/^standing by/);
  first.child.stdin?.end();
  assert.equal(await second.code(), 0, second.stderr);
  assert.match(second.stdout, /^$|\) Z /, "nothing, or a zombie that nobody has reaped yet");
});

/** Cgroups in which leader-exec can have none for its command. */
const unfit: Readonly<Record<string, readonly [prepare: (folder: string) => void, through: string[], reason: RegExp]>> =
  {
    "may not be written by its user": [() => undefined, asNobody, /may not be written by this user/],
    "may have no cgroups below it": [
      (folder) => writeFileSync(join(folder, "cgroup.max.descendants"), "0"),
      [],
      /has as many cgroups below it as it may have/,
    ],
    "is threaded": [(folder) => writeFileSync(join(folder, "cgroup.type"), "threaded"), [], /it is a threaded cgroup/],
    "was given to its user without the right to move processes": [
      (folder) => chownSync(folder, nobody, nobody),
      asNobody,
      /cgroup\.procs cannot be opened \(EACCES\)/,
    ],
    "is mounted read-only": [
      () => undefined,
      ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"', "HOME"],
      /is mounted read-only/,
    ],
  };

for (const [what, [prepare, more, reason]] of Object.entries(unfit)) {
  void test(`where the cgroup ${what}, the search in /proc holds, and a cgroup that was asked for is refused with 125`, async (t) => {
    const home = rootOrSkip(t);
    if (home === null) return;
    const folder = newCgroup(t, home);
    prepare(folder);
    const through = [...inside(folder), ...more.map((word) => (word === "HOME" ? home : word))];
    const auto = new Candidate(t, { args: ["-v"], command: ["echo", "ran"], through });
    assert.equal(await auto.code(), 0, auto.stderr);
    assert.equal(auto.stdout, "ran\n");
    assert.match(auto.stderr, new RegExp(`process tree: search in /proc, because .*${reason.source}`));
    const demanded = new Candidate(t, { args: ["--process-tree", "cgroup"], command: ["echo", "ran"], through });
    assert.equal(await demanded.code(), 125, demanded.stderr);
    assert.equal(demanded.stdout, "");
    assert.match(demanded.stderr, new RegExp(`--process-tree cgroup: .*${reason.source}.*Delegate=yes`));
    assert.deepEqual(below(folder), [], "no cgroup is left behind");
  });
}

void test("a user to whom a cgroup was delegated has one for the command", async (t) => {
  const home = rootOrSkip(t);
  if (home === null) return;
  const folder = newCgroup(t, home);
  for (const name of ["", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"])
    chownSync(join(folder, name), nobody, nobody);
  const through = [...inside(folder), ...asNobody];
  const candidate = new Candidate(t, {
    ...{ args: ["-v", "--process-tree", "cgroup"], command: ["sh", "-c", lost], through },
    env: { PIDS: pidsFile(t) },
  });
  assert.equal(await candidate.code(), 0, candidate.stderr);
  assert.ok(inCgroup.exec(candidate.stderr)?.[1]?.startsWith(folder), candidate.stderr);
  assert.ok(!isThere(Number(candidate.stdout)));
});

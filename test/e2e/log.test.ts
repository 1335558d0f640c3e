import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Candidate, Candidates, folderOf, product } from "../support/candidate.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "operations.md"), "utf8");

/** What the first column of a table lists. */
function listed(name: string): Set<string> {
  const block = new RegExp(`<!-- ${name} -->\n([^]*)<!-- /${name} -->`).exec(page)?.[1] ?? "";
  return new Set([...block.matchAll(/^\| `([\w-]+)`/gm)].map(([, word = ""]) => word));
}

test("from start over hand-over to end, every line has a kind, and fields that are documented", async (t) => {
  const candidates = new Candidates(t, ["--lease-store", `file:${folderOf(t)}/leases`, "-v"]);
  const first = candidates.start({ args: ["--health-probe-bind-address", "127.0.0.1:0"] });
  await candidates.journal.start(1);
  const second = candidates.start();
  await second.says(/^standing by/);
  first.kill("SIGTERM");
  assert.equal(await first.code(), 0);
  await second.says(/^started the command/);
  second.kill("SIGTERM");
  await second.exited;
  const records = [...first.records(), ...second.records()] as unknown as readonly Record<string, unknown>[];
  const [fields, kinds] = [listed("log-fields"), listed("log-kinds")];
  for (const record of records) {
    assert.ok(kinds.has(String(record["kind"])), JSON.stringify(record));
    for (const name of Object.keys(record)) assert.ok(fields.has(name), `${name} in ${JSON.stringify(record)}`);
  }
  const seen = records.map(({ kind }) => kind);
  for (const kind of ["contending", "listening", "standing-by", "acquired", "started", "stopping", "released", "end"])
    assert.ok(seen.includes(kind), `${kind} among ${seen.join()}`);
  const last = first.records().at(-1);
  assert.deepEqual({ ...last, kind: "end", outcome: "stopped", exitCode: 0 }, last);
});

test("a log that nobody reads any more stops neither the command nor the hand-over", async (t) => {
  const candidates = new Candidates(t, ["--lease-store", `file:${folderOf(t)}/leases`]);
  const first = candidates.start();
  const life = await candidates.journal.start(1);
  const second = candidates.start();
  await second.says(/^standing by/);
  first.child.stderr?.destroy(); // from now on a write is EPIPE, with SIGPIPE
  first.kill("SIGTERM");
  await candidates.journal.signal(life.pid, "SIGTERM");
  assert.equal(await first.code(), 0);
  await second.says(/^acquired the Lease: it was free/);
  second.child.stderr?.destroy();
  await candidates.journal.start(2);
  second.kill("SIGTERM");
  assert.equal(await second.code(), 0);
});

test("colours are there on a terminal, and nowhere else", { skip: process.platform !== "linux" }, async (t) => {
  const args = ["--enable-leader-election", "--lease-store", `file:${folderOf(t)}/leases`, "--nonblock", "-v"];
  const missing = [product, ...args, "--", "there-is-no-such-command"];
  /** util-linux' script(1) gives it a terminal. */
  const onTerminal = (env: NodeJS.ProcessEnv): string => {
    const line = [process.execPath, ...missing].join(" ");
    const clean = { ...process.env, TERM: "xterm", NO_COLOR: undefined };
    return spawnSync("script", ["-qec", line, "/dev/null"], { env: { ...clean, ...env }, encoding: "utf8" }).stdout;
  };
  assert.match(
    onTerminal({}),
    /\u001b\[2m\S+Z\u001b\[0m leader-exec: \u001b\[1;31merror:\u001b\[0m command "there-is-no/,
  );
  for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
    const text = onTerminal(env);
    assert.match(text, /leader-exec: error: command "there-is-no/);
    assert.ok(!text.includes("\u001b"));
  }
  assert.match(onTerminal({ NO_COLOR: "" }), /\u001b/, "empty is not set");
  const piped = new Candidate(t, { args, command: ["there-is-no-such-command"] });
  assert.equal(await piped.code(), 127);
  assert.match(piped.stderr, /error: /);
  assert.ok(!piped.stderr.includes("\u001b"));
});

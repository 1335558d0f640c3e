import { join } from "node:path";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Candidates, folderOf } from "../support/candidate.ts";

test("the change from flock, as docs/migration.md says: with both locks in between, no two commands run at once", async (t) => {
  const folder = folderOf(t);
  const candidates = new Candidates(t, ["--lease-store", `file:${folder}/leases`]);
  const both = ["flock", "--no-fork", join(folder, "lock")];

  const old = candidates.start({ through: both, args: ["--enable-leader-election=false"] }); // stands for flock alone
  const first = await candidates.journal.start(1);
  const between = candidates.start({ through: both });
  old.kill("SIGTERM");
  await old.exited;
  const second = await candidates.journal.start(2);
  assert.ok(second.first > (candidates.journal.lives()[0]?.last ?? Infinity), "what has both waited for the old lock");
  assert.notEqual(first.pid, second.pid);

  const late = candidates.start({ through: both });
  const fresh = candidates.start();
  await fresh.says(/^standing by: .* is the holder/);
  between.kill("SIGTERM");
  await between.exited;
  await candidates.journal.start(3);
  await late.says(/^contending|^version/);
  for (const candidate of [fresh, late]) {
    candidate.kill("SIGTERM");
    await candidate.exited;
  }
  const lives = candidates.journal.lives();
  for (const [index, { first: start }] of lives.entries())
    if (index > 0) assert.ok(start > (lives[index - 1]?.last ?? Infinity), `command ${index + 1} runs alone`);
});

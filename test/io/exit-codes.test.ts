import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { closing } from "../../src/core/outcome.ts";
import type { CommandEnd } from "../../src/core/types.ts";
import { createClock } from "../../src/io/clock.ts";
import { ProcessRunner } from "../../src/io/command-runner.ts";

/** These do not end a process, or cannot be sent by a shell to itself with their usual effect. */
const harmless = new Set(["SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGWINCH"]);
const clock = createClock();

/** Runs a shell script through the runner that the product uses; the exit code that leader-exec would end with. */
function codeOf(script: string, runId: string): Promise<number> {
  const environment = (): Record<string, string> => ({ PATH: process.env["PATH"] ?? "", LEADER_RUN_ID: runId });
  const runner = new ProcessRunner({
    command: ["sh", "-c", script],
    environment,
    runId,
    guard: false,
    order: null,
    processTree: "proc",
    tell: () => undefined,
    clock,
    rehearsal: null,
  });
  return new Promise((resolve, reject) => {
    let end: CommandEnd | null = null;
    runner.listen({
      started: () => undefined,
      notStarted: ({ message }) => reject(new Error(message)),
      ended: (told) => (end = told),
      treeGone: () => {
        runner.close();
        if (end === null) reject(new Error("the tree is gone before the command ended"));
        else
          resolve(
            closing({ kind: "command-ended", end, released: "no-lease" }, { lost: 75, conflict: 1, once: false }).code,
          );
      },
      guardLost: (message) => reject(new Error(message)),
    });
    runner.start(null, Infinity, null);
  });
}

void test("all 256 exit codes of a command are handed on unchanged", async () => {
  const seen: number[] = [];
  for (let code = 0; code < 256; code++) seen.push(await codeOf(`exit ${code}`, `test-code-${process.pid}-${code}`));
  assert.deepEqual(
    seen,
    Array.from({ length: 256 }, (_, code) => code),
  );
});

void test("a command that dies of a signal gives 128 + n, for every signal that ends a process", async () => {
  const numbers = new Set(Object.entries(constants.signals).flatMap(([name, n]) => (harmless.has(name) ? [] : [n])));
  assert.ok(numbers.size > 20);
  for (const number of numbers) {
    const code = await codeOf(`ulimit -c 0; kill -${number} $$; sleep 60`, `test-signal-${process.pid}-${number}`);
    assert.equal(code, 128 + number);
  }
});

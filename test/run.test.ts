import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock } from "../src/io/clock.ts";
import { run } from "../src/run.ts";
import type { CommandListener } from "../src/world.ts";
import { free, me, mine } from "./support/core.ts";

void test("the command is started before the line about the acquired Lease is written: nobody waits for a log", async () => {
  const done: string[] = [];
  let listener: CommandListener | null = null;
  const none = (): void => undefined;
  await run(
    {
      clock: createClock(),
      store: {
        description: "",
        read: () => Promise.resolve({ kind: "found", lease: free }),
        write: ({ record }) => {
          done.push(record.holder === "" ? "released" : "acquired");
          return Promise.resolve({ kind: "stored", lease: mine(record) });
        },
        watch: () => ({ close: none }),
        close: none,
      },
      command: {
        listen: (given) => (listener = given),
        expectStart: none,
        start: () => {
          done.push("command started");
          void Promise.resolve().then(() => {
            listener?.started(1);
            listener?.ended({ kind: "exited", code: 0 });
            listener?.treeGone();
          });
        },
        guardUntil: none,
        forward: none,
        killTree: none,
        close: none,
      },
      signals: { listen: none, close: none },
      log: { write: ({ kind }) => done.push(`line: ${kind}`) },
      random: () => 0,
      wakeIn: none,
    },
    me,
  );
  assert.deepEqual(done, [
    "acquired",
    "command started",
    "line: acquired",
    "line: started",
    "released",
    "line: released",
  ]);
});

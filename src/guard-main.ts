/**
 * The guard: a process of its own that hears from leader-exec what runs and until when, and kills it when that time passes
 * or leader-exec falls silent. Entry of dist/guard.cjs; it imports as little as it can, because its memory is paid for in
 * every pod.
 */
import { read, writeSync } from "node:fs";
import { createClock } from "./io/clock.ts";
import { GuardDuty } from "./io/guard-duty.ts";
import { lineReader, parseMessage } from "./io/guard-protocol.ts";
import { forwardableSignals } from "./io/signals.ts";
import { newTree } from "./io/new-tree.ts";

const fromLeader = 0;
const toLeader = 1;

process.chdir("/"); // no file system is kept busy by us
for (const { name } of forwardableSignals) process.on(name, () => undefined);

const duty = new GuardDuty(createClock(), newTree, (code) => process.exit(code));
const answer = (number: number): void => {
  try {
    writeSync(toLeader, `ok ${number}\n`);
  } catch {
    // leader-exec is gone: its own end of the other pipe tells us at once
  }
};
const readLines = lineReader((line) => {
  const message = parseMessage(line);
  const number = message === null ? null : duty.receive(message);
  if (number !== null) answer(number);
});

const buffer = Buffer.alloc(4096);
function listen(): void {
  read(fromLeader, buffer, 0, buffer.length, null, (error, length) => {
    if (error !== null || length === 0) {
      duty.pipeClosed();
      return;
    }
    readLines(buffer.toString("latin1", 0, length));
    listen();
  });
}
answer(0);
listen();

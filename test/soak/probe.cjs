// A command whose traces never grow: one small file for each process, in which the time of its last sign of life is
// overwritten in place. The file is one line of JSON; `last` stands there twice, so that a reader knows a torn one.
"use strict";
const { spawn } = require("node:child_process");
const { openSync, writeSync } = require("node:fs");

const { SOAK_LIVES, SOAK_CLEANUP, SOAK_IGNORES, SOAK_DAEMON, SOAK_FOR, LEADER_IDENTITY, LEADER_FENCING_TOKEN } =
  process.env;
const now = () => (Number(process.hrtime.bigint() / 1000n) / 1000).toFixed(3).padStart(16);
const first = now();
const file = openSync(`${SOAK_LIVES}/${process.pid}-${first.trim()}`, "wx");
const sign = () => {
  const last = now();
  const { pid } = process;
  const line = { pid, first, last, identity: LEADER_IDENTITY, token: LEADER_FENCING_TOKEN, again: last };
  writeSync(file, `${JSON.stringify(line)}\n`, 0);
};
const end = () => {
  sign();
  process.exit(0);
};

sign();
setInterval(sign, 10);
process.on("SIGTERM", () => {
  if (SOAK_IGNORES === undefined) setTimeout(end, Number(SOAK_CLEANUP ?? 0));
});
if (SOAK_FOR !== undefined) setTimeout(end, Number(SOAK_FOR));
if (SOAK_DAEMON !== undefined) {
  // Another session, and no parent once we have ended; it does not mind SIGTERM.
  const env = { ...process.env, SOAK_DAEMON: undefined, SOAK_FOR: undefined, SOAK_IGNORES: "yes" };
  spawn(process.execPath, [__filename], { detached: true, stdio: "ignore", env }).unref();
}

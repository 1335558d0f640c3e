// A worker as somebody may have it: it works until it is told to stop, then cleans up. It knows nothing of leader election;
// leader-exec starts it when it may run, and tells it the fencing token for what it writes elsewhere.
import { appendFileSync } from "node:fs";

const { LEADER_IDENTITY = "nobody", LEADER_FENCING_TOKEN = "none", WORKER_JOURNAL } = process.env;

/** The journal shows afterwards who was alive when. CLOCK_MONOTONIC is the same for all processes of a machine. */
function note(event) {
  if (WORKER_JOURNAL === undefined) return;
  const now = Number(process.hrtime.bigint() / 1000n) / 1000;
  appendFileSync(WORKER_JOURNAL, `${JSON.stringify({ pid: process.pid, event, now, by: LEADER_IDENTITY })}\n`);
}

note("start");
console.log(`worker ${process.pid} of ${LEADER_IDENTITY} works with fencing token ${LEADER_FENCING_TOKEN}`);
const work = setInterval(() => note("alive"), 5);

process.on("SIGTERM", () => {
  note("stopping");
  setTimeout(() => {
    clearInterval(work);
    note("stop");
    process.exit(0);
  }, 100); // as if it had to finish something
});

// npm run demo: three candidates for one Lease on this machine, no cluster. Ends with 0, or with 1 if two workers ever ran at once.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const product = fileURLToPath(new URL("../bin/leader-exec.cjs", import.meta.url));
const worker = fileURLToPath(new URL("worker.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "leader-exec-demo-"));
const journal = join(folder, "journal");
const timing = ["--lease-duration", "5s", "--renew-deadline", "2s", "--retry-period", "500ms", "--kill-after", "1s"];
const patience = 30_000;

const clock = () => Number(process.hrtime.bigint() / 1000n) / 1000;
const begin = clock();
const say = (text) => console.log(`${((clock() - begin) / 1000).toFixed(1).padStart(6)} s  ${text}`);
const ms = (span) => `${span < 10 ? span.toFixed(1) : Math.round(span)} ms`;

/** Every sign of life that a worker gave. */
function signs() {
  if (!existsSync(journal)) return [];
  const lines = readFileSync(journal, "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line)); // a last line may be half written
}

/** The workers in their order, each with its first and last sign of life. */
function lives() {
  const all = new Map();
  for (const { pid, now, by } of signs()) {
    const life = all.get(pid) ?? { pid, by: by.replace(/_.*/, ""), first: now, last: now };
    life.last = now;
    all.set(pid, life);
  }
  return [...all.values()];
}

async function until(what, fact) {
  const end = clock() + patience;
  for (;;) {
    const found = fact();
    if (found) return found;
    if (clock() > end) throw new Error(`this did not happen within ${patience / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const candidates = new Map();

function startCandidate(name) {
  const election = ["--enable-leader-election", "--lease-store", `file:${folder}/leases`, "--lease-name", "demo"];
  const args = [product, ...election, ...timing, "--identity", name, "--", process.execPath, worker];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, WORKER_JOURNAL: journal },
  });
  const candidate = { name, child, exit: null, log: "" };
  child.stderr.setEncoding("utf8").on("data", (text) => (candidate.log += text));
  child.on("exit", (code, signal) => (candidate.exit = { code, signal }));
  candidates.set(name, candidate);
}

/** No worker can be silent for this long and live: it gives a sign every 5 ms. */
const silent = (life) => until("the guard kills the orphan", () => clock() - lastSign(life) > 500 && lastSign(life));
const lastSign = (life) => lives().find(({ pid }) => pid === life.pid).last;
const nthLife = (number) => until(`worker ${number} starts`, () => lives()[number - 1]);
async function demo() {
  for (const name of ["a", "b", "c"]) startCandidate(name);
  say("candidates a, b and c start: leader-exec --enable-leader-election ... -- node examples/worker.js");
  const first = await nthLife(1);
  say(`${first.by} leads: its worker runs as pid ${first.pid}; the other two stand by`);
  await until("it works for a while", () => lives()[0].last - first.first > 1000);

  say(`kill -9 of ${first.by}'s leader-exec (pid ${candidates.get(first.by).child.pid})`);
  const crash = clock();
  candidates.get(first.by).child.kill("SIGKILL");
  const gone = await silent(first);
  say(
    `${first.by}'s worker is gone too, killed by the guard ${gone - crash < 5 ? "less than 5 ms" : ms(gone - crash)} after that`,
  );
  const second = await nthLife(2);
  say(
    `${second.by} leads: its worker started ${ms(second.first - crash)} after the kill: the guard released the lease as well, or it would last 5 s`,
  );
  await until("it works for a while", () => lives()[1].last - second.first > 1000);

  say(`SIGTERM to ${second.by}'s leader-exec, as a rolling update sends it`);
  candidates.get(second.by).child.kill("SIGTERM");
  const third = await nthLife(3);
  const { last } = lives()[1];
  say(
    `${third.by} leads: its worker started ${ms(third.first - last)} after ${second.by}'s had cleaned up and was gone`,
  );
  const { exit } = await until("it ends", () => candidates.get(second.by).exit && candidates.get(second.by));
  say(`${second.by} ended with its worker's exit code, ${exit.code}`);
  await until("the last one works for a while", () => lives()[2].last - third.first > 500);
  candidates.get(third.by).child.kill("SIGTERM");
  await until("all end", () => [...candidates.values()].every((candidate) => candidate.exit));
}

function overlaps() {
  const all = lives().sort((a, b) => a.first - b.first);
  return all.filter(
    (life, index) => index > 0 && life.first <= Math.max(...all.slice(0, index).map((each) => each.last)),
  );
}

try {
  await demo();
  const found = overlaps();
  const facts = `${lives().length} workers, ${signs().length} signs of life`;
  if (found.length === 0) console.log(`\nNever did two workers run at once (${facts}).`);
  else {
    console.error(
      `\nTwo workers ran at once, ${found.length} times (${facts}): this must never happen, please report it.`,
    );
    process.exitCode = 1;
  }
} catch (error) {
  console.error(`\nThe demo failed: ${error.message}.`);
  for (const { name, log } of candidates.values()) console.error(`${name} said:\n${log}`);
  process.exitCode = 1;
} finally {
  for (const { child, exit } of candidates.values()) if (exit === null) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

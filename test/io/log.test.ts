import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { StderrLog, type LogSettings } from "../../src/io/log.ts";
import type { LineSink } from "../../src/io/stderr-sink.ts";

const driver = join(import.meta.dirname, "..", "fixtures", "log-lines.ts");
const settings: LogSettings = {
  level: "info",
  format: "text",
  colour: false,
  context: { lease: "ns/job", identity: "me_1" },
};
const wall = (): number => Date.UTC(2026, 0, 2, 3, 4, 5, 6);

class Room implements LineSink {
  readonly lines: string[] = [];
  isFull = false;

  write(line: string): boolean {
    if (!this.isFull) this.lines.push(line);
    return !this.isFull;
  }

  drain(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

function room(change: Partial<LogSettings> = {}): [StderrLog, Room] {
  const sink = new Room();
  return [new StderrLog({ ...settings, ...change }, wall, sink), sink];
}

void test("a line that tells of a phase names the Lease and who we are", () => {
  const [log, { lines }] = room();
  log.write({
    level: "info",
    kind: "acquired",
    message: "acquired the Lease",
    fields: { phase: "leading", transitions: 7 },
  });
  log.write({ level: "warn", kind: "acquired", message: "slow", fields: {} });
  assert.deepEqual(lines, [
    "2026-01-02T03:04:05.006Z leader-exec: acquired the Lease (lease=ns/job identity=me_1 transitions=7)\n",
    "2026-01-02T03:04:05.006Z leader-exec: warning: slow\n",
  ]);
});

void test("--log-format json has the same facts as fields", () => {
  const [log, { lines }] = room({ format: "json" });
  log.write({ level: "info", kind: "acquired", message: 'say "x"', fields: { phase: "leading", pid: 7 } });
  assert.deepEqual(JSON.parse(lines.join("")), {
    time: "2026-01-02T03:04:05.006Z",
    level: "info",
    kind: "acquired",
    message: 'say "x"',
    lease: "ns/job",
    identity: "me_1",
    phase: "leading",
    pid: 7,
  });
});

void test("colours are for a terminal: errors and warnings stand out, times and facts stand back", () => {
  const [log, { lines }] = room({ colour: true });
  log.write({ level: "error", kind: "end", message: "it \u001b[31m failed", fields: { exitCode: 125 } });
  log.write({ level: "info", kind: "end", message: "done", fields: {} });
  assert.deepEqual(lines, [
    "\u001b[2m2026-01-02T03:04:05.006Z\u001b[0m leader-exec: \u001b[1;31merror:\u001b[0m it  [31m failed\u001b[2m (exitCode=125)\u001b[0m\n",
    "\u001b[2m2026-01-02T03:04:05.006Z\u001b[0m leader-exec: done\n",
  ]);
  const [json, { lines: plain }] = room({ colour: true, format: "json" });
  json.write({ level: "error", kind: "end", message: "x", fields: {} });
  assert.doesNotMatch(plain.join(""), /u001b|\u001b/);
});

void test("--log-level says what is written, print says it all the same", () => {
  const [log, { lines }] = room({ level: "warn" });
  for (const level of ["error", "warn", "info", "debug"] as const)
    log.write({ level, kind: "acquired", message: level, fields: {} });
  log.print({ level: "info", kind: "acquired", message: "printed", fields: {} });
  assert.deepEqual(
    lines.map((line) => line.replace(/.*leader-exec: /, "")),
    ["error: error\n", "warning: warn\n", "printed\n"],
  );
});

void test("what others made cannot write lines of its own, and no line is longer than a pipe takes in one piece", () => {
  for (const format of ["text", "json"] as const) {
    const [log, { lines }] = room({ format });
    log.write({
      level: "info",
      kind: "acquired",
      message: `holder \u001b[31m\nleader-exec: forged ${"\u20ac".repeat(9_000)}`,
      fields: {},
    });
    const [line = ""] = lines;
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.doesNotMatch(line, /\u001b/);
    assert.ok(Buffer.byteLength(line) <= 4_096);
    if (format === "json") assert.match((JSON.parse(line) as { message: string }).message, /\.\.\.$/);
  }
});

void test("lines that find no room are counted, and the count is told by the next one", () => {
  const [log, sink] = room();
  sink.isFull = true;
  for (let line = 0; line < 3; line++) log.write({ level: "info", kind: "acquired", message: "lost", fields: {} });
  sink.isFull = false;
  log.write({ level: "info", kind: "acquired", message: "kept", fields: {} });
  log.write({ level: "info", kind: "acquired", message: "next", fields: {} });
  assert.match(sink.lines.join(""), /^[^\n]*warning: 3 lines were dropped here[^\n]*\n[^\n]*kept\n[^\n]*next\n$/);
});

/** Writes lines to its stderr, says on stdout that its event loop still turns, ends when its stdin ends. */
function writer(t: TestContext, stderr: "pipe" | number): ChildProcess {
  const child = spawn(process.execPath, [...process.execArgv, driver], { stdio: ["pipe", "pipe", stderr] });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

async function firstOutput(child: ChildProcess): Promise<string> {
  for await (const chunk of child.stdout ?? []) return String(chunk);
  return "";
}

function endOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  child.stdin?.end();
  return ended;
}

void test("a pipe that nobody empties blocks neither the loop nor the exit", { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "leader-exec-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "pipe");
  assert.equal(spawnSync("mkfifo", [path]).status, 0);
  const pipe = openSync(path, "r+"); // both ends: nobody reads, and it never breaks
  t.after(() => closeSync(pipe));
  const child = writer(t, pipe);
  assert.match(await firstOutput(child), /^wrote 20000 lines, the loop turns/);
  assert.equal(await endOf(child), 7);
});

void test("a socket that nobody empties does not block the loop, and we end", { timeout: 60_000 }, async (t) => {
  const child = writer(t, "pipe"); // Node makes it a socket, as systemd does
  assert.match(await firstOutput(child), /^wrote 20000 lines, the loop turns/);
  // SIGKILL: where a thread hangs in write(2), an exit would hang as well.
  assert.ok([7, "SIGKILL"].includes((await endOf(child)) ?? ""));
});

void test("a regular file gets every line in order, also beside lines of others", { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "leader-exec-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = openSync(join(folder, "log"), "w");
  const child = writer(t, file);
  assert.match(await firstOutput(child), /^wrote/);
  assert.equal(await endOf(child), 7);
  spawnSync("sh", ["-c", "echo after >&2"], { stdio: ["ignore", "ignore", file] });
  closeSync(file);
  const lines = readFileSync(join(folder, "log"), "utf8").trimEnd().split("\n");
  const numbers = lines.flatMap((line) => /line (\d+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(
    numbers,
    numbers
      .map(Number)
      .sort((a, b) => a - b)
      .map(String),
  );
  assert.ok(numbers.length > 0);
  assert.equal(lines.at(-1), "after");
});

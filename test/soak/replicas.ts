import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { product, shortTimes } from "../support/candidate.ts";

interface Run {
  readonly tick: string;
  readonly identity: string;
  readonly token: number;
  /** Seconds since 1970. */
  readonly at: number;
}

interface Told {
  readonly message: string;
  readonly count?: number;
}

/** What each run leaves: one line in one write. Every seventh second it takes longer than there is time for. */
const command = [
  'echo "$LEADER_SCHEDULED_TIME $LEADER_IDENTITY $LEADER_FENCING_TOKEN $(date +%s.%N)" >>"$TICKS"',
  'case "$LEADER_SCHEDULED_TIME" in *[07]Z) sleep 1.3;; *5Z) exit 3;; esac',
].join("; ");

/** Several leader-exec with one schedule and one Lease; who ends is started again. */
export class Replicas {
  readonly #name: string;
  readonly #file: string;
  readonly #args: readonly string[];
  readonly #running = new Map<ChildProcess, { text: string }>();
  readonly #outputs: { text: string }[] = [];
  #stopping = false;
  readonly #faults = { SIGKILL: 0, SIGTERM: 0 };
  #began = 0;
  #ended = 0;

  /** `file`: where runs leave their lines; `args`: what leads to the Lease. */
  constructor(name: string, file: string, args: readonly string[], catchUp: "none" | "last") {
    this.#name = `${name}, --catch-up ${catchUp}`;
    this.#file = file;
    this.#args = [...args, "--catch-up", catchUp];
  }

  start(count: number): void {
    this.#began = Date.now();
    for (let started = 0; started < count; started++) this.#startOne();
  }

  /** Hits the leader; nobody when there is none. */
  inflict(signal: "SIGKILL" | "SIGTERM"): void {
    const last = this.#runs().at(-1);
    for (const [child, { text }] of this.#running) {
      if (last === undefined || !text.includes(` as ${last.identity};`)) continue;
      child.kill(signal);
      this.#faults[signal]++;
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#ended = Date.now();
    const ends = [...this.#running.keys()].map((child) => new Promise((resolve) => child.once("close", resolve)));
    for (const child of this.#running.keys()) child.kill("SIGTERM");
    await Promise.all(ends);
  }

  kill(): void {
    this.#stopping = true;
    for (const child of this.#running.keys()) child.kill("SIGKILL");
  }

  isRight(): boolean {
    const { twice, disorder } = this.#findings();
    return twice === 0 && disorder === 0 && this.#runs().length > 0;
  }

  summary(): string {
    const runs = this.#runs();
    const { due, run, twice, disorder, delays } = this.#findings();
    const counted = (pattern: RegExp): number => this.#told(pattern).reduce((sum, { count = 0 }) => sum + count, 0);
    const overlap = counted(/^skipped .* still running/);
    const missed = counted(/^missed /);
    const failed = this.#told(/^the tick .* failed: /).length;
    const delay = (share: number): string => `${Math.round(delays[Math.floor(delays.length * share)] ?? NaN)} ms`;
    return [
      `${this.#name}: ${this.#faults.SIGKILL} leaders killed (-9), ${this.#faults.SIGTERM} told to stop, ${new Set(runs.map(({ identity }) => identity)).size} leaders`,
      `  ticks due ${due}, run ${run}, run twice ${twice}, tokens that did not grow ${disorder}`,
      `  not run ${due - run}; told by leaders: ${overlap} while an earlier one ran, ${missed} missed by all; runs that failed ${failed}`,
      `  from the tick to the command's first line: median ${delay(0.5)}, 90 % ${delay(0.9)}`,
    ].join("\n");
  }

  #startOne(): void {
    const output = { text: "" };
    const own = ["--enable-leader-election", ...shortTimes, "--log-format", "json", "--schedule", "* * * * * *"];
    const child = spawn(process.execPath, [product, ...own, ...this.#args, "--", "sh", "-c", command], {
      env: { PATH: process.env["PATH"], TICKS: this.#file },
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.text += text));
    this.#running.set(child, output);
    this.#outputs.push(output);
    child.once("close", () => {
      this.#running.delete(child);
      if (!this.#stopping) setTimeout(() => this.#startOne(), 500);
    });
  }

  #runs(): Run[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => {
      const [tick = "", identity = "", token = "", at = ""] = line.split(" ");
      return { tick, identity, token: Number(token), at: Number(at) };
    });
  }

  #told(pattern: RegExp): Told[] {
    const lines = this.#outputs.flatMap(({ text }) => text.split("\n").slice(0, -1));
    return lines.map((line) => JSON.parse(line) as Told).filter(({ message }) => pattern.test(message));
  }

  #findings() {
    const runs = this.#runs();
    const first = Math.ceil(this.#began / 1000);
    const due = Math.floor(this.#ended / 1000) - first + 1;
    const times = runs.map(({ tick }) => Date.parse(tick) / 1000);
    const different = new Set(times);
    const disorder = runs.filter(({ token }, index) => token <= (runs[index - 1]?.token ?? 0)).length;
    const delays = runs.map(({ at }, index) => 1000 * (at - (times[index] ?? 0))).sort((a, b) => a - b);
    return { due, run: different.size, twice: runs.length - different.size, disorder, delays };
  }
}

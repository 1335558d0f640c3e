import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import type { TestContext } from "node:test";
import { until } from "../lab/index.ts";
import type { Exit } from "../support/candidate.ts";

/** Times of one candidate, in the form of the command line. */
export interface Times {
  readonly duration: string;
  readonly deadline: string;
  readonly retry: string;
}

/** The same times that the tests give to leader-exec. */
export const short: Times = { duration: "5s", deadline: "2s", retry: "500ms" };
/** In the proportions of client-go's defaults (15s, 10s, 2s), which nearly every program keeps. */
export const usual: Times = { duration: "6s", deadline: "4s", retry: "800ms" };

export interface ElectorStart {
  readonly program: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly lease: string;
  readonly identity: string;
  readonly journal: string;
  readonly times: Times;
  readonly releases: boolean;
  /** Makes it a candidate of a coordinated election, with a LeaseCandidate of this binary and emulation version. */
  readonly version?: string;
}

/** One process of test/interop/go: client-go's elector with a journal as its work. SIGKILLed after the test. */
export class Elector {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  stdout = "";
  stderr = "";

  constructor(t: TestContext, start: ElectorStart) {
    const args = [
      `--kubeconfig=${start.kubeconfig}`,
      `--namespace=${start.namespace}`,
      `--lease-name=${start.lease}`,
      `--identity=${start.identity}`,
      `--journal=${start.journal}`,
      `--lease-duration=${start.times.duration}`,
      `--renew-deadline=${start.times.deadline}`,
      `--retry-period=${start.times.retry}`,
      `--release-on-cancel=${String(start.releases)}`,
      ...(start.version === undefined ? [] : [`--binary-version=${start.version}`]),
    ];
    this.child = spawn(start.program, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve) => this.child.once("close", (code, signal) => resolve({ code, signal })));
    const limit = setTimeout(() => this.child.kill("SIGKILL"), 120_000);
    t.after(async () => {
      clearTimeout(limit);
      if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
      await this.exited;
    });
  }

  kill(signal: NodeJS.Signals): void {
    assert.ok(this.child.kill(signal), `${signal} reaches the elector`);
  }

  /** As of leader-exec with its guard (kill -9): nobody is left to release its Lease. */
  crash(): Promise<void> {
    this.kill("SIGKILL");
    return Promise.resolve();
  }

  /** Waits until it has seen who leads: from then on it stands by. */
  async standsBy(): Promise<void> {
    await until("client-go's elector sees the leader", () => /^leader ./m.test(this.stdout), 30_000).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}; it said:\n${this.stderr}`);
      },
    );
  }
}

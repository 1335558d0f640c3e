import { spawn, type ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import { runIdVariable } from "../tree-mark.ts";
import { formatMessage, lineReader, type GuardMessage } from "./guard-protocol.ts";

/** Keeps the guard's heap small for ever: it never has much to remember. */
const nodeFlags = ["--max-semi-space-size=1"];

export interface GuardListener {
  acknowledged(number: number): void;
  /** It exited (code null: by a signal) or could not be started. Called once. */
  ended(code: number | null, trouble: string): void;
}

/** One guard process. None of its handles keeps leader-exec alive. */
export class GuardProcess {
  readonly #child: ChildProcess | null;

  /** `program`: arguments for Node. Never throws: a failure is told to `listener`, later. */
  constructor(program: readonly string[], listener: GuardListener) {
    this.#child = start(program, (error) => setImmediate(() => listener.ended(null, error.message)));
    if (this.#child !== null) follow(this.#child, listener);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  send(message: GuardMessage): void {
    this.#child?.stdin?.write(formatMessage(message));
  }

  /** For a guard that does not answer: it could wake later and act on what is no longer true. */
  kill(): void {
    if (this.pid !== undefined) this.#child?.kill("SIGKILL");
  }
}

/** Most failures of spawn() come as an event, some (ENOMEM) are thrown. */
function start(program: readonly string[], failed: (error: Error) => void): ChildProcess | null {
  try {
    return spawn(process.execPath, [...nodeFlags, ...program], {
      detached: true, // a session of its own: neither Ctrl-C nor a signal to our group reaches it
      // Nobody who waits for the end of our output waits for the guard. stderr is for whom it starts (guard-release.ts), and not its
      // own: as a terminal Node would set that back, when the shell has it again.
      stdio: ["pipe", "pipe", "ignore", 2],
      env: guardEnvironment(process.env),
    });
  } catch (error) {
    failed(error instanceof Error ? error : new Error(String(error)));
    return null;
  }
}

function follow(child: ChildProcess, listener: GuardListener): void {
  let over = false;
  const ended = (code: number | null, trouble: string): void => {
    if (!over) listener.ended(code, trouble);
    over = true;
  };
  child.on("error", (error) => ended(null, error.message));
  child.on("exit", (code, signal) => ended(code, `it ended with ${signal ?? code ?? "?"}`));
  const readLines = lineReader((line) => {
    if (line.startsWith("ok ")) listener.acknowledged(Number(line.slice(3)));
  });
  const { stdin, stdout } = child;
  stdin?.on("error", () => undefined); // a broken pipe: `exit` tells it too
  stdout?.on("error", () => undefined);
  stdout?.setEncoding("latin1").on("data", readLines);
  child.unref();
  for (const stream of [stdin, stdout]) {
    if (stream instanceof Socket) stream.unref();
  }
}

/**
 * Only what Node may need to start at all, and the ids of the runs we belong to ourselves. LD_PRELOAD and a faked clock must
 * be the same for us and the guard, or they would not mean the same time by a deadline. NODE_OPTIONS never passes.
 */
function guardEnvironment(ours: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const needed = /^(LD_|DYLD_|FAKETIME)/;
  return Object.fromEntries(Object.entries(ours).filter(([name]) => needed.test(name) || name === runIdVariable));
}

/** The only importer of execa, bundled apart: loading it takes 16 to 30 ms, so it is done while standing by. */
import { execa } from "execa";

/** What became of a command: a failure to start has the error's code ("ENOENT"), an end the exit code or the signal. */
export type SpawnResult =
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signaled"; readonly signal: string };

export interface Spawned {
  /** Undefined when the command could not be started. */
  readonly pid: number | undefined;
  /** True as long as the process is not reaped: so long its pid and its group cannot be given to another. */
  readonly isHeld: () => boolean;
  /** Calls back once, after the process is reaped or when it could not be started: before anything else hears of it. */
  readonly listen: (ended: (result: SpawnResult) => void) => void;
}

/**
 * Starts a command as the leader of its own session and process group, with our stdin, stdout and stderr, without a shell,
 * and with exactly this environment. execa's own clean-up is off: its kill on exit does not wait, and its delayed SIGKILL
 * would hit five seconds after any signal that is passed on.
 *
 * In a session of its own the command has no controlling terminal: it may read from and write to a terminal that it was
 * given (no SIGTTIN, no EIO), Ctrl-C reaches it through us, and /dev/tty cannot be opened. No descriptor of ours is
 * passed on besides these three, and Node mangles environment variables that are not UTF-8.
 */
export function spawnCommand(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Spawned {
  const child = execa(file, args, {
    cleanup: false,
    forceKillAfterDelay: false,
    reject: false,
    detached: true,
    stdio: "inherit",
    extendEnv: false,
    env,
    buffer: false,
  });
  const isHeld = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const listen: Spawned["listen"] = (ended) => {
    let told = false;
    const tell = (end: End): void => {
      if (!told) ended(resultOf(end));
      told = true;
    };
    // execa's own result, and all that it does first, takes a millisecond more, in which others wait for the Lease.
    child.prependOnceListener("exit", (code, signal) =>
      tell({ exitCode: code ?? undefined, signal: signal ?? undefined }),
    );
    void child.then(tell);
  };
  return { pid: child.pid, isHeld, listen };
}

/**
 * Starts nothing, as spawnCommand would, so that a hand-over need not wait for what is slow the first time (measured: 4 ms). There
 * can be no file below the program that we run in.
 */
export function rehearse(): Promise<SpawnResult> {
  return new Promise((resolve) => spawnCommand(`${process.execPath}/none`, [], {}).listen(resolve));
}

interface End {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
  readonly originalMessage?: string | undefined;
}

function resultOf(end: End): SpawnResult {
  if (end.exitCode !== undefined) return { kind: "exited", code: end.exitCode };
  if (end.signal !== undefined) return { kind: "signaled", signal: end.signal };
  return { kind: "failed", code: end.code ?? "unknown", message: end.originalMessage ?? "" };
}

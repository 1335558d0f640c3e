import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

// Each line that comes in is the whole list of what lives now; the end of the pipe means that the test is over or dead.
const script = `
trap '' HUP INT QUIT TERM
while read -r line; do alive=$line; done
[ -z "$alive" ] || kill -9 $alive
[ -z "$1" ] || rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
`;

/**
 * A small shell that outlives the test process by a moment: when the pipe from here to there closes, even by
 * `kill -9`, it kills what is still on its list and removes the lab's folder.
 */
export class Warden {
  readonly #shell: ChildProcess;
  readonly #alive = new Set<number>();

  /** `folder` is removed at the end, unless it is empty. */
  constructor(folder: string) {
    this.#shell = spawn("/bin/sh", ["-c", script, "warden", folder], {
      detached: true, // Ctrl-C reaches the test alone
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#shell.unref();
  }

  /** From now on `pid` dies with the test process. */
  watch(pid: number): void {
    this.#alive.add(pid);
    this.#tell();
  }

  /** `pid` is gone: its number may be given to a stranger, who must not be killed. */
  forget(pid: number): void {
    this.#alive.delete(pid);
    this.#tell();
  }

  /** Ends what is left and removes the folder; resolves when both is done. */
  async dismiss(): Promise<void> {
    if (this.#shell.exitCode !== null) return;
    this.#shell.ref();
    const ended = once(this.#shell, "exit");
    this.#shell.stdin?.end();
    await ended;
  }

  #tell(): void {
    this.#shell.stdin?.write(`${[...this.#alive].join(" ")}\n`);
  }
}

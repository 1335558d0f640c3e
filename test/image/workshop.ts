import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

// Each line that comes in is the whole list of process groups now; the end of the pipe: the test is over or dead.
const script = `
trap '' HUP INT QUIT TERM
cd /
while read -r line; do groups=$line; done
for group in $groups; do kill -9 -- "-$group"; done
for id in $(runc --root "$1/runc" list --quiet); do runc --root "$1/runc" delete --force "$id"; done
mounted() { cut -d' ' -f2 /proc/self/mounts | grep "^$1/" | sort -r; }
for point in $(mounted "$1"); do umount -l "$point"; done
rm -rf --one-file-system -- "$1" || { sleep 1; rm -rf --one-file-system -- "$1"; }
`;

/**
 * A folder for images and containers, and all that is run on it. A small shell outlives the test process by a moment: when
 * the pipe from here to there closes, even by `kill -9`, it ends programs and containers, unmounts what is mounted
 * below the folder, and removes it.
 */
export class Workshop {
  readonly folder: string;
  readonly #shell: ChildProcess;
  readonly #groups = new Set<number>();

  constructor(folder: string) {
    this.folder = folder;
    this.#shell = spawn("/bin/sh", ["-c", script, "workshop", folder], {
      detached: true, // Ctrl-C reaches the test alone
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#shell.unref();
  }

  /** Runs a program to its end and returns what it printed. Throws the end of what it said when it fails. */
  async run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const child = spawn(program, args, {
      cwd: "/",
      env: { ...process.env, ...env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const closed = once(child, "close") as Promise<[number | null]>;
    if (child.pid !== undefined) this.#groups.add(child.pid);
    this.#tell();
    const [code] = await closed;
    if (child.pid !== undefined) this.#groups.delete(child.pid);
    this.#tell();
    if (code === 0) return out;
    const tail = `${out}${err}`.trimEnd().split("\n").slice(-30).join("\n");
    throw new Error(`${program} ${args.join(" ")} failed with ${code}:\n${tail}`);
  }

  /** Ends and removes everything; resolves when that is done. */
  async close(): Promise<void> {
    if (this.#shell.exitCode !== null) return;
    this.#shell.ref();
    const ended = once(this.#shell, "exit");
    this.#shell.stdin?.end();
    await ended;
  }

  #tell(): void {
    this.#shell.stdin?.write(`${[...this.#groups].join(" ")}\n`);
  }
}

/** A small file that somebody replaces while we run: kubelet does so with tokens, cert-manager with certificates. */
import { readFile } from "node:fs/promises";
import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";
import { CredentialTrouble } from "./credentials-proof.ts";

/** How long a content is believed; a token is replaced long before it expires (kubelet: at 80 % of its life). */
const goodFor: Millis = 10_000;

export class RotatingFile {
  readonly path: string;
  readonly #clock: Clock;
  #content: string | undefined;
  #readAt: Millis = -Infinity;
  #reading: Promise<string> | undefined;

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /**
   * The content, trimmed. One that is older than ten seconds is given once more while the file is read again behind it, so
   * that no renewal waits for a disk that hangs. `now`: read again first, because the server refused what we had. While the
   * file cannot be read (it is being replaced) the last content is still given; without one, rejects with CredentialTrouble.
   */
  read(now: boolean): Promise<string> {
    const old = this.#clock.now() - this.#readAt >= goodFor;
    if (this.#content === undefined || now) return this.#again();
    if (old) void this.#again(); // cannot reject: there is a content
    return Promise.resolve(this.#content);
  }

  /** One look at the file serves all who wait: a hung file system must not fill the thread pool. */
  #again(): Promise<string> {
    this.#reading ??= this.#look().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #look(): Promise<string> {
    try {
      const content = (await readFile(this.path, "utf8")).trim();
      if (content === "") throw new Error("it is empty");
      this.#content = content;
    } catch (error) {
      if (this.#content === undefined)
        throw new CredentialTrouble(
          `cannot read ${this.path}, which the Kubernetes configuration names: ${reasonOf(error)}; correct the path or the file's permissions`,
        );
    }
    this.#readAt = this.#clock.now();
    return this.#content;
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "it does not exist";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "it is a folder";
  return error instanceof Error ? error.message : String(error);
}

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

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /**
   * The content, trimmed; at most ten seconds old, or read now when `now` is true. While the file cannot be read (it is
   * being replaced) the last content is still given; without one, rejects with CredentialTrouble.
   */
  async read(now: boolean): Promise<string> {
    const at = this.#clock.now();
    if (this.#content !== undefined && !now && at - this.#readAt < goodFor) return this.#content;
    try {
      const content = (await readFile(this.path, "utf8")).trim();
      if (content === "") throw new Error("it is empty");
      this.#content = content;
      this.#readAt = at;
    } catch (error) {
      if (this.#content === undefined)
        throw new CredentialTrouble(
          `cannot read ${this.path}, which the Kubernetes configuration names: ${reasonOf(error)}; correct the path or the file's permissions`,
        );
      this.#readAt = at;
    }
    return this.#content;
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "it does not exist";
  if (code === "EACCES") return "permission denied";
  return error instanceof Error ? error.message : String(error);
}

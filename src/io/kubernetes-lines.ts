/** Cuts a byte stream into lines of JSON: a chunk may end within a line, and within a character. */

/** Larger than any Lease: what does not fit is no watch event. */
export const lineLimit = 3 * 1024 * 1024;

export class LineTooLong extends Error {
  override readonly name = "LineTooLong";
}

export class Lines {
  #pending: Buffer[] = [];
  #size = 0;

  /** The lines that this chunk completes, without their ends. Throws LineTooLong. */
  add(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#keep(chunk.subarray(from, end));
      const line = Buffer.concat(this.#pending).toString("utf8").trim();
      if (line !== "") lines.push(line);
      this.#pending = [];
      this.#size = 0;
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  #keep(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > lineLimit) throw new LineTooLong();
    if (part.length > 0) this.#pending.push(part);
  }
}

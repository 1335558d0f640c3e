/** Standard output and standard error of a subcommand. */
import type { Terminal, TerminalListener } from "../ask/terminal.ts";
import type { SignalName } from "../core/types.ts";
import { signalNumber } from "./signals.ts";
import { unwritten } from "./unwritten.ts";

const ending = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
/** Of a pipe or a file: nobody has said how wide it is. */
const unknownSize = { columns: 100, rows: 24 };

export class StandardTerminal implements Terminal {
  readonly isInteractive = process.stdout.isTTY;
  #isClosed = false;
  #closed = (): void => undefined;
  /** What was printed and is not out. */
  #pending = 0;
  #settled = (): void => undefined;
  #trouble: string | null = null;

  constructor() {
    process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
      this.#isClosed = true;
      // EPIPE: head(1) has seen enough.
      if (code !== "EPIPE") this.#trouble ??= unwritten(code, message);
      this.#closed();
    });
    process.stderr.on("error", () => undefined); // there is nobody left to tell
  }

  size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = process.stdout;
    return this.isInteractive && columns > 0 && rows > 0 ? { columns, rows } : unknownSize;
  }

  print(text: string): void {
    if (this.#isClosed) return;
    this.#pending++;
    process.stdout.write(text, () => {
      this.#pending--;
      this.#settled();
    });
  }

  complain(message: string): void {
    process.stderr.write(`leader-exec: ${message}\n`);
  }

  listen(listener: TerminalListener): void {
    this.#closed = () => listener.closed();
    if (this.#isClosed) listener.closed();
    process.stdout.on("resize", () => listener.resized());
    for (const name of ending) process.once(name, () => listener.asked(numbered(name)));
  }

  async drained(): Promise<string | null> {
    while (this.#pending > 0) await new Promise<void>((resolve) => (this.#settled = resolve));
    const { stderr } = process;
    if (stderr.writableLength > 0)
      await new Promise((resolve) => stderr.once("drain", resolve).once("close", resolve).once("error", resolve));
    return this.#trouble;
  }
}

function numbered(name: string): SignalName {
  return { name, number: signalNumber(name) ?? 0 };
}

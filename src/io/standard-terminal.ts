/** Standard output and standard error of a subcommand. */
import type { Terminal, TerminalListener } from "../ask/terminal.ts";
import type { SignalName } from "../core/types.ts";
import { signalNumber } from "./signals.ts";

const ending = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
/** Of a pipe or a file: nobody has said how wide it is. */
const unknownSize = { columns: 100, rows: 24 };

export class StandardTerminal implements Terminal {
  readonly isInteractive = process.stdout.isTTY;
  #isClosed = false;
  #closed = (): void => undefined;

  constructor() {
    for (const stream of [process.stdout, process.stderr]) {
      stream.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "EPIPE") throw error;
        this.#isClosed = true; // head(1) has seen enough
        this.#closed();
      });
    }
  }

  size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = process.stdout;
    return this.isInteractive && columns > 0 && rows > 0 ? { columns, rows } : unknownSize;
  }

  print(text: string): void {
    if (!this.#isClosed) process.stdout.write(text);
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

  async drained(): Promise<void> {
    for (const stream of [process.stdout, process.stderr]) {
      if (stream.writableLength > 0 && !this.#isClosed)
        await new Promise<void>((resolve) =>
          stream
            .once("drain", resolve)
            .once("close", resolve)
            .once("error", () => resolve()),
        );
    }
  }
}

function numbered(name: string): SignalName {
  return { name, number: signalNumber(name) ?? 0 };
}

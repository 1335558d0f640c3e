/** Where a subcommand's results go. */
export interface Terminal {
  /** Standard output is a terminal, not a pipe or a file. */
  readonly isInteractive: boolean;
  /** Width and height in characters; of a pipe, what fits anywhere. */
  size(): { readonly columns: number; readonly rows: number };
  /** Writes results; a reader that is gone is no error, see `whenClosed`. */
  print(text: string): void;
  /** Writes one line to standard error. */
  complain(message: string): void;
  /** Calls back at once when nobody reads the results any more, when the size changes, and when a signal asks us to end. */
  listen(listener: TerminalListener): void;
  /** Resolves when all that was printed is out, or nobody will ever read it; with a sentence when it could not be written. */
  drained(): Promise<string | null>;
}

export interface TerminalListener {
  closed(): void;
  resized(): void;
  asked(signal: { readonly name: string; readonly number: number }): void;
}

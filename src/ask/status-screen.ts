/** The live table of `status --watch`: drawn on the terminal's other screen (xterm's 1049), so that what was there before comes back. */
import type { Millis } from "../core/types.ts";
import type { Row } from "./status-rows.ts";
import { tableOf } from "./status-table.ts";
import type { Terminal } from "./terminal.ts";

const enter = "\x1b[?1049h\x1b[?25l";
const leave = "\x1b[?25h\x1b[?1049l";
const home = "\x1b[H";
const restOfLine = "\x1b[K";
const restOfScreen = "\x1b[J";
/** As many as anybody wants to read. */
const mostChanges = 200;

/** What the table shows beside the usual columns. */
export interface Columns {
  readonly isWide: boolean;
  readonly withNamespace: boolean;
}

export class Screen {
  readonly #terminal: Terminal;
  readonly #title: string;
  readonly #columns: Columns;
  readonly #changes: string[] = [];
  #drawn = "";

  constructor(terminal: Terminal, title: string, columns: Columns) {
    this.#terminal = terminal;
    this.#title = title;
    this.#columns = columns;
  }

  open(): void {
    this.#terminal.print(enter);
  }

  add(change: string): void {
    this.#changes.push(change);
    if (this.#changes.length > mostChanges) this.#changes.shift();
  }

  /** Draws what differs from what is there; the newest changes that fit. */
  draw(leases: readonly Row[], now: Millis, trouble: string | null): void {
    const { columns, rows } = this.#terminal.size();
    const table = this.#table(leases, now).trimEnd().split("\n");
    const warning = trouble === null ? [] : [`${trouble}; still looking, this is what was known before`];
    const head = [`${this.#title}   (Ctrl-C ends)`, "", ...table, ...warning, ""];
    const room = Math.max(0, rows - head.length - 1);
    const lines = [...head, ...(room === 0 ? [] : this.#changes.slice(-room))].slice(0, rows - 1);
    const frame = lines.map((line) => `${line.slice(0, columns)}${restOfLine}\n`).join("");
    if (frame === this.#drawn) return;
    this.#drawn = frame;
    this.#terminal.print(`${home}${frame}${restOfScreen}`);
  }

  /** Back to what was there, with what was seen last below it. */
  close(leases: readonly Row[], now: Millis): void {
    this.#terminal.print(leave);
    if (leases.length > 0) this.#terminal.print(this.#table(leases, now));
    this.#terminal.print(this.#changes.map((line) => `${line}\n`).join(""));
  }

  #table(leases: readonly Row[], now: Millis): string {
    return tableOf(leases, now, this.#columns.isWide, this.#columns.withNamespace);
  }
}

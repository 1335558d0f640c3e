/** How `status --watch` tells what it sees: on a terminal a table that is redrawn, else one line or one object a change. */
import { formatTime } from "../core/time-of-day.ts";
import type { Millis } from "../core/types.ts";
import { jsonOf } from "./status-json.ts";
import type { Row } from "./status-rows.ts";
import { Screen, type Columns } from "./status-screen.ts";
import type { Terminal } from "./terminal.ts";

export interface TellerParts {
  readonly terminal: Terminal;
  readonly form: "table" | "wide" | "json";
  /** Above the table. */
  readonly title: string;
  /** In which namespace a Lease is has to be said. */
  readonly withNamespace: boolean;
  /** Which Lease has changed has to be said below the table. */
  readonly ofSeveral: boolean;
}

export class Teller {
  readonly #parts: TellerParts;
  readonly #screen: Screen | null;
  #trouble: string | null = null;

  constructor(parts: TellerParts) {
    this.#parts = parts;
    const { terminal, form, title, withNamespace } = parts;
    const columns: Columns = { isWide: form === "wide", withNamespace };
    this.#screen = terminal.isInteractive && form !== "json" ? new Screen(terminal, title, columns) : null;
  }

  open(): void {
    this.#screen?.open();
  }

  /** @param now on the server's clock */
  tell(change: string, row: Row, now: Millis): void {
    const { terminal, form, withNamespace, ofSeveral } = this.#parts;
    const time = formatTime(now);
    const name = withNamespace ? `${row.namespace}/${row.name}` : row.name;
    if (this.#screen !== null) this.#screen.add(`${time}  ${ofSeveral ? `${name}: ` : ""}${change}`);
    else if (form === "json") terminal.print(jsonOf(row, now, true));
    else terminal.print(`${time} ${row.namespace}/${row.name}: ${change}\n`);
  }

  /** For a pipe, whose reader sees no empty table. */
  hint(message: string): void {
    if (this.#screen === null) this.#parts.terminal.complain(message);
  }

  /** Why nothing new is known; each cause is told once. Null: it is over. */
  trouble(message: string | null, over: string): void {
    const { terminal } = this.#parts;
    if (this.#screen === null && message !== this.#trouble)
      terminal.complain(message === null ? over : `${message}; still looking`);
    this.#trouble = message;
  }

  draw(rows: readonly Row[], now: Millis): void {
    this.#screen?.draw(rows, now, this.#trouble);
  }

  close(rows: readonly Row[], now: Millis): void {
    this.#screen?.close(rows, now);
  }
}

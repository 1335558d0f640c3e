/** `status --all --watch`: asks for the list again and again, and tells what has changed in it. */
import type { Millis } from "../core/types.ts";
import { Bell } from "../io/bell.ts";
import type { Clock } from "../world.ts";
import { factsOf } from "./facts.ts";
import { changeOf } from "./status-change.ts";
import { codeOfAll, type Row, type Rows } from "./status-rows.ts";
import { Teller, type TellerParts } from "./status-teller.ts";
import type { Terminal } from "./terminal.ts";

export interface WatchAllParts {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly form: TellerParts["form"];
  /** The flags that say which Leases, for the title. */
  readonly where: string;
  readonly withNamespace: boolean;
  /** To be said where there is none. */
  readonly none: string;
  /** The first look has succeeded already. */
  readonly first: Rows;
  /** Another look; a sentence when it has failed. */
  readonly read: () => Promise<Rows | string>;
}

/** As often as watch(1) would ask; a list cannot be limited to what has changed. */
const readEvery: Millis = 2_000;

/** Resolves with the exit code when a signal comes or nobody reads any more. */
export async function watchLeases(parts: WatchAllParts): Promise<number> {
  return new ListFollower(parts).run();
}

class ListFollower {
  readonly #parts: WatchAllParts;
  readonly #teller: Teller;
  readonly #bell = new Bell();
  #rows: readonly Row[] = [];
  /** The server's time of day less our clock: told in whole seconds, so the largest that was seen is the nearest. */
  #offset: Millis = -Infinity;
  /** Infinity: a read is under way. */
  #readAt: Millis = Infinity;
  #isOver = false;

  constructor(parts: WatchAllParts) {
    this.#parts = parts;
    this.#teller = new Teller({ ...parts, title: `leader-exec status ${parts.where}`, ofSeveral: true });
  }

  async run(): Promise<number> {
    const { terminal, clock, first, none } = this.#parts;
    const end = (): void => {
      this.#isOver = true;
      this.#bell.ring();
    };
    terminal.listen({ closed: end, asked: end, resized: () => this.#bell.ring() });
    this.#teller.open();
    if (first.rows.length === 0) this.#teller.hint(`${none}; still looking`);
    this.#take(first);
    this.#readAt = clock.now() + readEvery;
    while (!this.#ended()) {
      if (clock.now() >= this.#readAt) this.#read();
      this.#teller.draw(this.#rows, this.#now());
      await this.#bell.rings(Math.min(1_000, this.#readAt - clock.now()));
    }
    this.#teller.close(this.#rows, this.#now());
    return codeOfAll(this.#rows);
  }

  /** Asks without waiting for it: a server that hangs stops neither the ages on the screen nor Ctrl-C. */
  #read(): void {
    this.#readAt = Infinity;
    void this.#parts.read().then((found) => {
      if (this.#isOver) return; // closing cuts it off
      this.#teller.trouble(typeof found === "string" ? found : null, "the Leases can be read again");
      if (typeof found !== "string") this.#take(found);
      this.#readAt = this.#parts.clock.now() + readEvery;
      this.#bell.ring();
    });
  }

  #ended(): boolean {
    return this.#isOver;
  }

  #take({ rows, now }: Rows): void {
    this.#offset = Math.max(this.#offset, now - this.#parts.clock.now());
    const before = new Map(this.#rows.map((row) => [keyOf(row), row]));
    for (const row of rows) {
      const change = changeOfRow(before.get(keyOf(row)), row);
      if (change !== null) this.#teller.tell(change, row, now);
      before.delete(keyOf(row));
    }
    for (const { namespace, name } of before.values())
      this.#teller.tell("the Lease was deleted", factsOf({ namespace, name }, null, now), now);
    this.#rows = rows;
  }

  #now(): Millis {
    return this.#parts.clock.now() + this.#offset;
  }
}

const keyOf = ({ namespace, name }: Row): string => `${namespace}/${name}`;

/** Between two looks much may have happened: how long nobody led is not known. */
function changeOfRow(before: Row | undefined, after: Row): string | null {
  if (after.state === "unreadable") return before?.state === "unreadable" ? null : after.message;
  return changeOf(before === undefined || before.state === "unreadable" ? null : before, after, null);
}

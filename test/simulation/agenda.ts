/**
 * True time, and what will happen in it: a heap of actions. True time is known to nobody in the simulation but the judge;
 * every machine has a clock of its own (machine.ts).
 */
import type { Millis } from "../../src/core/types.ts";

export interface Entry {
  readonly at: Millis;
  readonly order: number;
  /** Null: cancelled. */
  action: (() => void) | null;
}

export class Agenda {
  now: Millis = 0;
  /** How many actions were taken. */
  taken = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  /** Actions for the same time happen in the order in which they were put in. */
  at(time: Millis, action: () => void): Entry {
    const entry: Entry = { at: Math.max(time, this.now), order: this.#order++, action };
    const heap = this.#heap;
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!before(entry, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = entry;
    return entry;
  }

  after(span: Millis, action: () => void): Entry {
    return this.at(this.now + span, action);
  }

  /** Lives through everything up to `end`, or until `done`. */
  run(end: Millis, done: () => boolean): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#removeFirst();
      if (next.action === null) continue;
      this.now = next.at;
      this.taken++;
      next.action();
      if (done()) return;
    }
    this.now = end;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    const size = heap.length;
    if (size === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      const below = heap[child] as Entry;
      if (!before(below, last)) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

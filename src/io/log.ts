import type { LogLine } from "../core/types.ts";
import type { Log } from "../world.ts";
import { jsonLine, textLine } from "./log-form.ts";
import { stderrSink, type LineSink } from "./stderr-sink.ts";

export interface LogSettings {
  readonly level: LogLine["level"];
  readonly format: "text" | "json";
  /** Text is for somebody at a terminal. */
  readonly colour: boolean;
  /** Added to each line that tells of a phase: who and what this is about. */
  readonly context: Readonly<{ lease?: string; identity?: string }>;
}

const levels: Readonly<Record<LogLine["level"], number>> = { error: 0, warn: 1, info: 2, debug: 3 };
/** A pipe takes this much in one piece or not at all (PIPE_BUF), so no line is ever torn or mixed with another. */
const longestLine = 4_096;

/** A log on stderr that drops lines rather than wait; how many it dropped is told by the next one that fits. */
export class StderrLog implements Log {
  readonly #sink: LineSink;
  readonly #wall: () => number;
  #settings: LogSettings;
  #dropped = 0;

  constructor(settings: LogSettings, wall: () => number, sink: LineSink = stderrSink()) {
    this.#settings = settings;
    this.#wall = wall;
    this.#sink = sink;
  }

  /** From now on lines name this as well. */
  about(context: LogSettings["context"]): void {
    this.#settings = { ...this.#settings, context: { ...this.#settings.context, ...context } };
  }

  write(line: LogLine): void {
    if (levels[line.level] > levels[this.#settings.level]) return;
    this.print(line);
  }

  /** Writes whatever the level is. */
  print(line: LogLine): void {
    if (this.#dropped > 0) {
      const message = `${this.#dropped} lines were dropped here, because whatever reads stderr did not keep up`;
      const told: LogLine = { level: "warn", kind: "lines-dropped", message, fields: { count: this.#dropped } };
      if (this.#sink.write(this.#format(told))) this.#dropped = 0;
    }
    if (!this.#sink.write(this.#format(line))) this.#dropped++;
  }

  drain(limit: number): Promise<boolean> {
    return this.#sink.drain(limit);
  }

  /** At most `longestLine` bytes: a long message is shortened, the facts behind it stay. */
  #format(line: LogLine): string {
    const { format, context, colour } = this.#settings;
    const time = new Date(this.#wall()).toISOString();
    const text = format === "json" ? jsonLine(time, line, context) : textLine(time, line, context, colour);
    if (Buffer.byteLength(text) <= longestLine || line.message.length < 8) return text;
    return this.#format({ ...line, message: `${line.message.slice(0, line.message.length / 2)}...` });
  }
}

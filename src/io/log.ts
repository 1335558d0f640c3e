import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import type { LogLine } from "../core/types.ts";
import type { Log } from "../world.ts";

/** Somewhere to write whole lines to; never blocks the caller. */
export interface LineSink {
  /** False: there is no room now, the line was not taken. */
  write(line: string): boolean;
  /**
   * Resolves when everything is written, or after this many milliseconds: with false when a thread still hangs in a write,
   * which would keep the process from exiting.
   */
  drain(limit: number): Promise<boolean>;
}

export interface LogSettings {
  readonly level: LogLine["level"];
  readonly format: "text" | "json";
  /** Added to each line that tells of a phase: who and what this is about. */
  readonly context: Readonly<Record<string, string>>;
}

const levels: Readonly<Record<LogLine["level"], number>> = { error: 0, warn: 1, info: 2, debug: 3 };
/** A pipe takes this much in one piece or not at all (PIPE_BUF), so no line is ever torn or mixed with another. */
const longestLine = 4_096;
const queueLimit = 64;
const pauseWhenFull = 20;

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
      if (this.#sink.write(this.#format({ level: "warn", message, fields: {} }))) this.#dropped = 0;
    }
    if (!this.#sink.write(this.#format(line))) this.#dropped++;
  }

  drain(limit: number): Promise<boolean> {
    return this.#sink.drain(limit);
  }

  /** At most `longestLine` bytes: a long message is shortened, the facts behind it stay. */
  #format(line: LogLine): string {
    const text = this.#text(line);
    if (Buffer.byteLength(text) <= longestLine || line.message.length < 8) return text;
    return this.#format({ ...line, message: `${line.message.slice(0, line.message.length / 2)}...` });
  }

  #text({ level, message, fields }: LogLine): string {
    const { format, context } = this.#settings;
    const time = new Date(this.#wall()).toISOString();
    if (format === "json") return `${JSON.stringify({ time, level, message, ...context, ...fields })}\n`;
    const about = "phase" in fields ? { ...context, ...fields } : fields;
    return `${time} leader-exec: ${prefix[level]}${oneLine(message)}${suffix(message, about)}\n`;
  }
}

const prefix = { error: "error: ", warn: "warning: ", info: "", debug: "debug: " } as const;

/** " (lease=default/demo identity=host_1f2e3d4c)": the facts that the message itself does not say; it always says the phase. */
function suffix(message: string, fields: LogLine["fields"]): string {
  const rest = Object.entries(fields).filter(([name, value]) => name !== "phase" && !message.includes(String(value)));
  const parts = rest.map(([name, value]) => `${name}=${oneLine(String(value))}`);
  return parts.length === 0 ? "" : ` (${parts.join(" ")})`;
}

/** What others made (a holder's name, a server's message) must not be able to write lines of its own. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

/**
 * stderr may be a pipe that nobody empties, or a terminal that is held with Ctrl-S; Node's own stream would block the whole
 * process there. Such a file is opened once more without blocking: O_NONBLOCK on the one we share with the command would
 * change it for the command too. Where that is not allowed (a pipe of another user, a socket, a regular file, no /proc), a
 * thread writes, one line after another.
 */
export function stderrSink(file = 2): LineSink {
  try {
    const stat = fstatSync(file);
    if (!stat.isFIFO() && !stat.isCharacterDevice()) return threadSink(file);
    return directSink(
      openSync(`/proc/self/fd/${file}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY),
    );
  } catch {
    return threadSink(file); // closed, or not to be opened again: that sink copes with both
  }
}

function directSink(file: number): LineSink {
  return {
    write: (line) => {
      try {
        writeSync(file, line);
        return true;
      } catch {
        return false; // EAGAIN: full. EPIPE: nobody reads any more
      }
    },
    drain: () => Promise.resolve(true),
  };
}

function threadSink(file: number): LineSink {
  let queue: string[] = [];
  let state: "idle" | "writing" | "pausing" = "idle";
  let idle: () => void = () => undefined;
  const push = (rest: Buffer): void => {
    state = "writing";
    write(file, rest, (error, written) => {
      if (error?.code === "EAGAIN") {
        state = "pausing"; // somebody set O_NONBLOCK on what we share with them
        setTimeout(() => push(rest), pauseWhenFull).unref();
      } else if (error === null && written < rest.length) push(rest.subarray(written));
      else next(); // any other failure to write cannot be told anywhere
    });
  };
  const next = (): void => {
    state = "idle";
    if (queue.length > 0) push(Buffer.from(queue.join("")));
    else idle();
    queue = [];
  };
  return {
    write: (line) => {
      if (queue.length >= queueLimit) return false;
      queue.push(line);
      if (state === "idle") next();
      return true;
    },
    drain: (limit) =>
      new Promise((resolve) => {
        if (state === "idle") {
          resolve(true);
          return;
        }
        const timer = setTimeout(() => resolve(state !== "writing"), limit);
        idle = () => {
          clearTimeout(timer);
          resolve(true);
        };
      }),
  };
}

/** Writes whole lines to stderr without ever blocking the caller. */
import { constants, fstatSync, openSync, write, writeSync } from "node:fs";

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

const queueLimit = 64;
const pauseWhenFull = 20;

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

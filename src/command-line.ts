/**
 * Entry of dist/cli.cjs: parses the command line and answers at once what needs nothing else. Only a run loads the rest
 * (main.ts), which takes longer than all that is done here.
 */
import { writeSync } from "node:fs";
import type * as AskBundle from "./bundles/ask.ts";
import type * as ScheduleBundle from "./bundles/schedule.ts";
import { parseCommandLine } from "./cli.ts";
import { exitFailed, exitUsage } from "./core/outcome.ts";
import { parseWords } from "./flag-parser.ts";
import { unwritten } from "./io/unwritten.ts";
import type * as Main from "./main.ts";
import type { Options } from "./options.ts";

async function begin(): Promise<number> {
  const parsed = parseCommandLine(process.argv.slice(2), process.env);
  switch (parsed.kind) {
    case "text":
      return print(1, parsed.text) ? 0 : exitFailed;
    case "usage-error":
      print(2, `leader-exec: ${parsed.message}\n`);
      return exitUsage;
    case "ask":
      return loadAsk().answer(parsed, parseWords);
    case "run": {
      const schedule = readSchedule(parsed.options);
      if (typeof schedule !== "string") return loadMain().runCommand(parsed.options, schedule);
      print(2, `leader-exec: ${schedule}\n`);
      return exitUsage;
    }
  }
}

/** What a schedule means, or the sentence about what is wrong with it; null: there is none. */
function readSchedule({ job: { schedule } }: Options): ScheduleBundle.ReadSchedule | string | null {
  if (schedule === null) return null;
  return loadSchedule().readSchedule(schedule.expression, schedule.timeZone, Date.now());
}

const loadMain = (): typeof Main => load("main") as typeof Main;
const loadSchedule = (): typeof ScheduleBundle => load("schedule") as typeof ScheduleBundle;
const loadAsk = (): typeof AskBundle => load("ask") as typeof AskBundle;

/**
 * Hidden from esbuild, which would otherwise draw everything into this bundle. Who only hears of a mistake does not wait for
 * Node's part that requires: it takes a millisecond.
 */
function load(name: string): unknown {
  return process.getBuiltinModule("node:module").createRequire(import.meta.url)(`./${name}.cjs`);
}

/** Before there is anything to block. Whoever closed the pipe does not want to read it. False: it could not be written, which was told. */
function print(file: 1 | 2, text: string): boolean {
  try {
    writeSync(file, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EPIPE") return true;
    if (file === 1) print(2, `leader-exec: ${unwritten(code, message)}\n`);
    return false;
  }
  return true;
}

void begin().then((code) => process.exit(code));

/** One line of the log: JSON for machines, with the names that docs/operations.md lists; text for people. */
import { isatty } from "node:tty";
import type { LogLine } from "../core/types.ts";

type Context = Readonly<Record<string, string>>;

export function jsonLine(time: string, { level, kind, message, fields }: LogLine, context: Context): string {
  return `${JSON.stringify({ time, level, kind, message, ...context, ...fields })}\n`;
}

/** Lines that tell of a phase name the context. */
export function textLine(time: string, line: LogLine, context: Context, colour: boolean): string {
  const { level, message, fields } = line;
  const paint = colour ? painted : plain;
  const about = "phase" in fields ? { ...context, ...fields } : fields;
  const head = prefix[level] === "" ? "" : `${paint(prefix[level], colours[level])} `;
  return `${paint(time, dim)} leader-exec: ${head}${oneLine(message)}${paint(suffix(message, about), dim)}\n`;
}

const prefix = { error: "error:", warn: "warning:", info: "", debug: "debug:" } as const;

/** Parameters of SGR (ECMA-48). */
const dim = "2";
const colours = { error: "1;31", warn: "1;33", info: "", debug: dim } as const;

const plain = (text: string): string => text;
const painted = (text: string, parameters: string): string =>
  text === "" ? "" : `\u001b[${parameters}m${text}\u001b[0m`;

/** Only a terminal shows colours; NO_COLOR (no-color.org) and TERM=dumb turn them off there as well. */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, file = 2): boolean {
  return isatty(file) && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

/** Always said by the message, in words for people. */
const unsaid = new Set(["phase", "outcome", "cause"]);

/** " (lease=default/demo identity=host_1f2e3d4c)": the facts that the message itself does not say. */
function suffix(message: string, fields: Readonly<Record<string, string | number>>): string {
  const rest = Object.entries(fields).filter(([name, value]) => !unsaid.has(name) && !message.includes(String(value)));
  const parts = rest.map(([name, value]) => `${name}=${oneLine(String(value))}`);
  return parts.length === 0 ? "" : ` (${parts.join(" ")})`;
}

/** What others made (a holder's name, a server's message) must not be able to write lines of its own. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

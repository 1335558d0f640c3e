/**
 * What leader-exec and its guard say to each other: lines over two pipes. Every message that moves the deadline has a number,
 * and the guard answers it with `ok <number>`; after its own start it says `ok 0`. Deadlines with
 * the number 0, or a lower one, are rehearsals.
 */
import type { Millis } from "../core/types.ts";
import type { TreeRoot } from "./tree.ts";

export type GuardMessage =
  /**
   * What will run, from the first deadline on. `since`: start time (ticks) of a process that is older than it. `cgroup`: the
   * folder of the cgroup that it will be born in, if any.
   */
  | { readonly kind: "run"; readonly runId: string; readonly since: number; readonly cgroup: string | null }
  /** How the Lease would be released on behalf of leader-exec (release-order.ts). It is kept, and read only when that is to be done. */
  | { readonly kind: "order"; readonly text: string }
  /** A term of the Lease, in which the command will run. */
  | ({ readonly kind: "term" } & Term)
  /** The command exists. */
  | { readonly kind: "tree"; readonly root: TreeRoot }
  /** SIGKILL the tree at this time of the machine's clock (clock.ts); Infinity: only when the pipe closes. */
  | { readonly kind: "deadline"; readonly number: number; readonly at: Millis }
  /** Nothing is left to guard. */
  | { readonly kind: "done" };

/** What a guard has to know of a term, to release its Lease. */
export interface Term {
  readonly uid: string;
  /** When it began at the latest, on the machine's clock. */
  readonly since: Millis;
  /** leader-exec itself: pid and start time (ticks) name a process for ever. */
  readonly leader: TreeRoot;
}

/** How a guard ends: nothing to do, or it has killed the tree. */
export const guardExit = { quiet: 0, killed: 3 } as const;

export function formatMessage(message: GuardMessage): string {
  switch (message.kind) {
    case "run":
      return `run ${message.runId} ${message.since}${message.cgroup === null ? "" : ` ${encode(message.cgroup)}`}\n`;
    case "order":
      return `order ${message.text}\n`;
    case "term":
      return `term ${message.leader.pid} ${message.leader.startTime} ${message.since} ${encode(message.uid)}\n`;
    case "tree":
      return `tree ${message.root.pid} ${message.root.startTime}\n`;
    case "deadline":
      return `deadline ${message.number} ${message.at}\n`;
    case "done":
      return "done\n";
  }
}

/** Null for a line that is no message: the guard ignores it, and its missing answer tells. */
export function parseMessage(line: string): GuardMessage | null {
  const [kind, first = "", second = "", third = "", fourth = ""] = line.split(" ");
  const [a, b] = [numberIn(first), numberIn(second)];
  switch (kind) {
    case "run":
      return first === "" || Number.isNaN(b) ? null : { kind, runId: first, since: b, cgroup: decode(third) };
    case "order":
      return first === "" ? null : { kind, text: first };
    case "term": {
      const [since, uid] = [numberIn(third), decode(fourth)];
      return uid === null || Number.isNaN(a + b + since)
        ? null
        : { kind, uid, since, leader: { pid: a, startTime: b } };
    }
    case "tree":
      return Number.isNaN(a + b) ? null : { kind, root: { pid: a, startTime: b } };
    case "deadline":
      return Number.isNaN(a + b) ? null : { kind, number: a, at: b };
    case "done":
      return { kind };
    default:
      return null;
  }
}

/** A folder's name may have spaces and worse. */
export const encode = (text: string): string => Buffer.from(text).toString("base64url");
const decode = (text: string): string | null => (text === "" ? null : Buffer.from(text, "base64url").toString());

function numberIn(text: string): number {
  return text === "" ? NaN : Number(text);
}

/** Cuts a stream of text into lines; an unfinished last line waits for its rest. */
export function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  };
}

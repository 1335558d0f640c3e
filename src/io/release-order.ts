/** What is needed to release a Lease on behalf of a leader-exec that died: everything with which it reached that Lease itself. */
import type { Millis } from "../core/types.ts";
import type { LogSettings } from "./log.ts";
import type { LeaseChoice } from "./open-store.ts";

/** Known before there is any term. Plain data: it travels as JSON, over pipes alone. */
export interface ReleaseOrder {
  /** leader-exec's own. Credentials are found by it again, and are nowhere else. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly release: ReleaseFacts;
}

export interface ReleaseFacts {
  readonly choice: LeaseChoice;
  readonly identity: string;
  readonly holdAtLeast: Millis;
  /** The server elects: a LeaseCandidate of that identity is to go first. */
  readonly isCandidate: boolean;
  readonly log: LogSettings;
}

/** What the process that releases is told. */
export interface ReleaseTask extends ReleaseFacts {
  /** Of the leader-exec that died. */
  readonly pid: number;
  /** Null: it stood by, and only its LeaseCandidate is to go. */
  readonly term: { readonly uid: string; readonly since: Millis } | null;
  readonly until: Millis;
}

/** NODE_OPTIONS is for the command, and never passes. Null when our folder is gone: then nobody finds what was given relative to it. */
export function releaseOrder(env: ReleaseOrder["environment"], release: ReleaseFacts): string | null {
  const { NODE_OPTIONS, ...environment } = env;
  try {
    const order: ReleaseOrder = { environment, folder: process.cwd(), release };
    return Buffer.from(JSON.stringify(order)).toString("base64url");
  } catch {
    return null; // ENOENT of getcwd(3)
  }
}

/** Throws what JSON.parse throws. */
export function parseOrder(text: string): ReleaseOrder {
  return JSON.parse(Buffer.from(text, "base64url").toString()) as ReleaseOrder;
}

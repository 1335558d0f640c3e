/**
 * Where the records of a Lease lie: DIR/NAMESPACE/LEASE/VERSION.json, one file for each version, the highest is the Lease.
 * Beside them the temporary files of writers, and in DIR/NAMESPACE the folders of Leases that are about to be created.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { StoredLease } from "../core/lease.ts";
import type { Clock } from "../world.ts";
import { damaged } from "./lease-file-trouble.ts";
import type { Files, OpenFile } from "./lease-file-system.ts";
import { parseLease } from "./lease-json.ts";

export interface Place {
  readonly files: Files;
  readonly clock: Clock;
  readonly namespace: string;
  readonly lease: string;
  /** DIR, and which folder that was at the start: a volume that is unmounted must not pass for a deleted Lease. */
  readonly directory: string;
  readonly directoryInode: string;
  readonly namespaceFolder: string;
  readonly folder: string;
  /** Permissions of what we create: those of DIR, so that whoever shares it shares what is in it. */
  readonly folderMode: number;
  readonly fileMode: number;
}

/** A record and its file, which is to be closed. */
export interface OpenRecord {
  readonly lease: StoredLease;
  readonly file: OpenFile;
}

const recordName = /^([1-9][0-9]{0,14})\.json$/;
const temporaryName = /^[0-9a-f]{24}\.tmp$/;
const unfinishedName = /^\.new-[0-9a-f]{24}$/;

export const isTemporary = (name: string): boolean => temporaryName.test(name);
export const isUnfinishedLease = (name: string): boolean => unfinishedName.test(name);
export const temporaryPath = (folder: string): string => join(folder, `${randomName()}.tmp`);
export const unfinishedLeasePath = (namespaceFolder: string): string => join(namespaceFolder, `.new-${randomName()}`);

export function recordPath(folder: string, version: number): string {
  return join(folder, `${version}.json`);
}

/** The version in the name of a record's file; null for other files. */
export function versionOf(name: string): number | null {
  const digits = recordName.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The versions among these names, lowest first. */
export function versionsIn(names: readonly string[]): number[] {
  return names
    .map(versionOf)
    .filter((version) => version !== null)
    .sort((a, b) => a - b);
}

/** The version of the Lease, null when it is missing. */
export async function highestVersion({ files, folder }: Place): Promise<number | null> {
  return versionsIn((await files.names(folder)) ?? []).at(-1) ?? null;
}

/** Opens one version; null when it is not there (any more). Rejects with FileTrouble when it is damaged. */
export async function openRecord({ files, folder }: Place, version: number): Promise<OpenRecord | null> {
  const path = recordPath(folder, version);
  const file = await files.open(path);
  if (file === null) return null;
  const lease = parseRecord(file.text);
  if (lease?.version === String(version)) return { lease, file };
  await file.close();
  throw damaged(path, lease === null ? "it holds no Lease" : `it holds version ${lease.version}`, folder);
}

function parseRecord(text: string): StoredLease | null {
  try {
    return parseLease(JSON.parse(text));
  } catch {
    return null; // no JSON
  }
}

function randomName(): string {
  return randomBytes(12).toString("hex");
}

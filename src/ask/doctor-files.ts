/** What doctor finds out about a file store. It makes no folder that candidates would use, and removes what it tried. */
import type { Millis } from "../core/types.ts";
import { folderFacts, hasNamespace, tryWrites } from "../io/file-store-facts.ts";
import { openFileStore } from "../io/lease-file.ts";
import type { Options } from "../options.ts";
import { LocalTrouble, type Clock, type LeaseStore } from "../world.ts";
import { ok, problem, problemOf, skipped, type Finding } from "./finding.ts";
import { judgeFolder, judgeWrites } from "./judge-folder.ts";
import { judgeLease } from "./judge-lease.ts";
import { judgeLatency } from "./latency.ts";

export interface FilesCheck {
  readonly options: Options;
  readonly directory: string;
  readonly clock: Clock;
  readonly limit: Millis;
}

const count = 20;

export async function* fileFindings({ options, directory, clock, limit }: FilesCheck): AsyncGenerator<Finding> {
  const namespace = options.leaseNamespace ?? "default";
  const facts = await folderFacts(directory);
  const { path } = facts;
  yield ok("configuration", `files in ${path}, namespace ${namespace}; no rights in a cluster are needed`);
  const folder = judgeFolder(facts);
  yield folder;
  if (facts.kind !== "folder" || folder.verdict === "problem") {
    const because = facts.kind === "missing" ? "the folder does not exist" : "the folder cannot be used";
    yield skipped(["writes", "latency", "lease"], because);
    return;
  }
  const hasOne = await hasNamespace(path, namespace);
  const writes = judgeWrites(await tryWrites(hasOne ? `${path}/${namespace}` : path, count), options.timing);
  yield writes;
  const lease = `${namespace}/${options.leaseName}`;
  if (writes.verdict === "problem") {
    yield skipped(["latency", "lease"], "nothing can be written");
    return;
  }
  if (!hasOne) {
    yield judgeLease({ kind: "missing" }, { lease, timing: options.timing, now: clock.wall() });
    return;
  }
  yield* leaseFindings({ directory: path, namespace, lease: options.leaseName, clock }, options, limit);
}

async function* leaseFindings(
  where: Parameters<typeof openFileStore>[0],
  { timing }: Options,
  limit: Millis,
): AsyncGenerator<Finding> {
  const store = await openFileStore(where).catch(sentenceOf);
  if (typeof store === "string") {
    yield problemOf("lease", store);
    return;
  }
  yield* readFindings(store, where, timing, limit);
  store.close();
}

async function* readFindings(
  store: LeaseStore,
  { clock, namespace, lease: name }: Parameters<typeof openFileStore>[0],
  timing: Options["timing"],
  limit: Millis,
): AsyncGenerator<Finding> {
  const lease = `${namespace}/${name}`;
  const until = clock.now() + limit;
  const took: Millis[] = [];
  let result = await store.read(until);
  while (took.length < count && result.kind !== "failed") {
    const begun = clock.now();
    result = await store.read(until);
    took.push(clock.now() - begun);
  }
  yield took.length === 0
    ? problem("latency", `${lease} cannot be read`, "see the line on the Lease")
    : judgeLatency(took, count, lease, timing);
  yield judgeLease(result, { lease, timing, now: clock.wall() });
}

function sentenceOf(error: unknown): string {
  if (error instanceof LocalTrouble) return error.message;
  throw error;
}

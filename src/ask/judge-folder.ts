/** What the folder of a file store is fit for. Pure. */
import type { Millis, Timing } from "../core/types.ts";
import type { FolderFacts } from "../io/file-store-facts.ts";
import { note, ok, problem, problemOf, type Finding } from "./finding.ts";
import { millis, quantile } from "./latency.ts";

export function judgeFolder(facts: FolderFacts): Finding {
  const { path } = facts;
  switch (facts.kind) {
    case "missing":
      if (facts.writable)
        return note("folder", `${path} does not exist yet; the first candidate makes it, for its own user alone`);
      return problem(
        "folder",
        `${path} does not exist, and this user may not make it in ${facts.above}`,
        "make it, and give this user read and write access",
      );
    case "file":
      return problem("folder", `${path} is a file`, "give a folder: --lease-store file:DIR");
    case "failed":
      return problemOf("folder", `${path} cannot be looked at: ${facts.why}`);
    case "folder":
      return judgeExisting(facts);
  }
}

function judgeExisting({
  path,
  permissions,
  owner,
  usable,
  fileSystem,
  shared,
}: FolderFacts & { kind: "folder" }): Finding {
  const mode = permissions.toString(8).padStart(4, "0");
  const said = `${path}: ${fileSystem}, permissions ${mode}, owner ${owner}`;
  const facts = { fileSystem, permissions: mode, owner };
  if (shared)
    return problem(
      "folder",
      `${said}: a network or shared file system, where two machines could both lead`,
      "use a folder on a local disk, or --lease-store kubernetes",
      facts,
    );
  if (!usable)
    return problem(
      "folder",
      `${said}: this user may not read and write it`,
      "give this user read and write access",
      facts,
    );
  if (fileSystem === "tmpfs")
    return note(
      "folder",
      `${said}: what is on it is gone after a reboot, and fencing tokens begin anew`,
      undefined,
      facts,
    );
  return ok("folder", said, facts);
}

/** `took`: of records that were written, or why none could be. */
export function judgeWrites(took: readonly Millis[] | string, timing: Timing): Finding {
  if (typeof took === "string")
    return problem(
      "writes",
      `no record can be written and linked: ${took}`,
      "use a folder on a local disk with hard links",
    );
  const sorted = [...took].sort((a, b) => a - b);
  const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
  const said = `${took.length} records written, synced and linked: p50 ${millis(p50)}, p99 ${millis(p99)}`;
  const facts = { writes: took.length, p50Millis: Math.round(p50 * 10) / 10, p99Millis: Math.round(p99 * 10) / 10 };
  if (p99 < timing.renewDeadline / 3) return ok("writes", said, facts);
  return problem("writes", `${said}: renewals would come too late`, "use a faster disk, or give longer times", facts);
}

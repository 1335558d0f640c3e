/** What doctor asks the API server: reads, and reviews that it does not store. */
import type { StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { Found, TimedRead } from "../io/cluster-questions.ts";
import type { OpenedCluster } from "../io/open-cluster.ts";
import type { Options } from "../options.ts";
import type { Clock } from "../world.ts";
import { ok, problem, problemOf, skipped, type Finding } from "./finding.ts";
import { judgeClock } from "./judge-clock.ts";
import { judgeNamespace, judgeVersion } from "./judge-cluster.ts";
import { judgeLease } from "./judge-lease.ts";
import { judgeRight, remedyFor } from "./judge-rights.ts";
import { judgeTermination } from "./judge-timing.ts";
import { judgeLatency, millis } from "./latency.ts";
import type { Right } from "./rights.ts";
import { isAnswer, manyReads, readCount, samplesOf, serverNow } from "./timed-reads.ts";

export interface ClusterCheck {
  readonly options: Options;
  readonly rights: readonly Right[];
  /** The flags that decide on the rights, as they would be typed. */
  readonly rightsFlags: readonly string[];
  /** In a pod: its name, as far as it knows. */
  readonly pod: string;
  readonly clock: Clock;
  /** For each answer at first, and for all reads together. */
  readonly limit: Millis;
}

const afterServer = ["latency", "clock", "credentials", "kubernetes", "namespace", "right", "lease", "termination"];

/** `opened`: the cluster, or why there is none. */
export async function* clusterFindings(opened: OpenedCluster | string, check: ClusterCheck): AsyncGenerator<Finding> {
  if (typeof opened === "string") {
    yield problemOf("configuration", opened);
    yield skipped(["server", ...afterServer], "there is no configuration that can be used");
    return;
  }
  const { questions, namespace, namespaceFrom, server, source } = opened;
  const { clock, limit, options } = check;
  yield ok("configuration", `${source}: ${server}, namespace ${namespace}, ${namespaceFrom}`, {
    server,
    source,
    namespace,
  });
  const first = await questions.readLease(namespace, options.leaseName, clock.now() + limit);
  const { result } = first;
  if (result.kind === "failed" && !isAnswer(result)) {
    yield problemOf("server", result.message);
    yield skipped(afterServer, "the API server does not answer as it should");
    return;
  }
  yield ok("server", `${server} answers, the first time after ${millis(first.took)}`, {
    firstMillis: Math.round(first.took),
  });
  if (result.kind === "failed" && result.reason === "unauthorized") {
    yield judgeClock(samplesOf([first]), byOurClock(options));
    yield problemOf("credentials", result.message);
    yield skipped(
      ["latency", "kubernetes", "namespace", "right", "lease", "termination"],
      "the server takes us for nobody",
    );
    return;
  }
  yield* servedFindings(opened, check, first);
}

/** The server is there, whatever it allows. */
async function* servedFindings(
  opened: OpenedCluster,
  { options, rights, rightsFlags, pod, clock, limit }: ClusterCheck,
  first: TimedRead,
): AsyncGenerator<Finding> {
  const { questions, namespace, source, podNamespace } = opened;
  const reads = await manyReads(opened, options.leaseName, clock, limit);
  const answered = reads.filter(({ result }) => result.kind !== "failed" || isAnswer(result));
  const lost = reads
    .map(({ result }) => result)
    .find((each): each is StoreFailure => each.kind === "failed" && !isAnswer(each));
  const lease = `${namespace}/${options.leaseName}`;
  yield lost === undefined
    ? judgeLatency(
        answered.map(({ took }) => took),
        readCount,
        lease,
        options.timing,
      )
    : problem("latency", `a read of ${lease} brought no answer, after ${answered.length} that did`, lost.message);
  const samples = samplesOf([first, ...answered]);
  yield judgeClock(samples, byOurClock(options));

  const until = clock.now() + limit;
  const placeOf = ({ place }: Right): string => (place === "pod" ? (podNamespace ?? namespace) : namespace);
  const mayI = (right: Right): Promise<Found<boolean>> => {
    const { group, resource, name, verb } = right;
    return questions.mayI({ namespace: placeOf(right), group, resource, name, verb }, until);
  };
  const [who, version, found, grace, ...allowances] = await Promise.all([
    questions.whoAmI(until),
    questions.version(until),
    questions.namespace(namespace, until),
    podNamespace === null ? null : questions.podGrace(podNamespace, pod, until),
    ...rights.map(mayI),
  ]);
  const user = userIn(who, found);
  yield ok(
    "credentials",
    `accepted, ${user === null ? "without a word on whom it takes us for" : `as ${user}`} (from ${source})`,
    { user },
  );
  yield judgeVersion(version);
  yield judgeNamespace(
    namespace,
    found,
    allowances.every((each) => each.kind === "found" && !each.value),
  );
  const remedy = remedyFor(user, namespace, rightsFlags);
  for (const [index, right] of rights.entries()) {
    const allowance = allowances[index];
    if (allowance !== undefined) yield judgeRight(right, allowance, { namespace: placeOf(right), user, remedy });
  }
  const last = answered.at(-1) ?? first;
  yield judgeLease(last.result, { lease, timing: options.timing, now: serverNow(last, samples) });
  yield judgeTermination(options.timing, graceOf(grace));
}

/** What goes by clocks that are not the same everywhere. */
function byOurClock({ job, coordinated }: Options): string | null {
  if (coordinated !== null) return "with --coordinated the server elects by its own clock";
  return job.schedule === null ? null : "ticks of --schedule come by our clock";
}

/** Before Kubernetes 1.28 the server tells it only where it turns us down. */
function userIn(who: Found<string>, turnedDown: Found<string>): string | null {
  if (who.kind === "found") return who.value;
  return turnedDown.kind === "denied" ? turnedDown.user : null;
}

function graceOf(found: Found<Millis> | null): Millis | string {
  if (found === null) return "this is no pod, so there is nothing to compare it with";
  switch (found.kind) {
    case "found":
      return found.value;
    case "missing":
      return "this pod was not found under its host name or POD_NAME";
    case "denied":
      return "this pod's own terminationGracePeriodSeconds may not be read (get pods)";
    case "failed":
      return `this pod's own terminationGracePeriodSeconds could not be read (${found.message})`;
  }
}

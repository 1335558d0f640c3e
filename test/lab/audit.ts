import { open } from "node:fs/promises";
import type { KubeObject } from "./api.ts";
import { until } from "./until.ts";

/** One request as the API server saw it. Times are wall clock milliseconds since the epoch, with microseconds. */
export interface AuditEntry {
  readonly id: string;
  /** When the request came in. */
  readonly at: number;
  /** When its answer was complete; undefined while a watch is open. */
  readonly doneAt: number | undefined;
  readonly user: string;
  readonly userAgent: string;
  readonly verb: string;
  readonly uri: string;
  /** Empty when the request was about no object: a path like /version. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** The HTTP status of the answer. */
  readonly status: number;
  /** The bodies, for Leases, LeaseCandidates, pods and Events only. */
  readonly requestObject: KubeObject | undefined;
  readonly responseObject: KubeObject | undefined;
}

const elections = { group: "coordination.k8s.io", resources: ["leases", "leasecandidates"] };

/**
 * Leases, LeaseCandidates, pods and Events with their bodies, everything else without, and of the server's own requests only what it
 * writes as the one that coordinates elections: its own Leases are in kube-system.
 */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    { level: "None", users: ["system:apiserver"], namespaces: ["kube-system"] },
    {
      level: "RequestResponse",
      users: ["system:apiserver"],
      verbs: ["create", "update", "delete"],
      resources: [elections],
    },
    { level: "None", users: ["system:apiserver"] },
    { level: "None", nonResourceURLs: ["/readyz*"] },
    { level: "RequestResponse", resources: [elections] },
    { level: "RequestResponse", resources: [{ group: "", resources: ["pods", "events"] }] },
    { level: "Metadata" },
  ],
};

/** A line of the log (audit.k8s.io/v1 Event), as far as it is read here. */
interface Line {
  auditID: string;
  stage: string;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  user: { username?: string };
  userAgent?: string;
  verb: string;
  requestURI: string;
  objectRef?: { resource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
  requestObject?: KubeObject;
  responseObject?: KubeObject;
}

/** Reads the audit log of a running API server; each call reads only what is new. */
export class AuditLog {
  readonly #file: string;
  readonly #entries = new Map<string, AuditEntry>();
  #offset = 0;
  #rest = Buffer.alloc(0);
  #reading: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * All requests so far, in the order in which they came in, for which `wanted` is true. A request is logged when it
   * is answered (a watch when it is opened), so one that is frozen inside the server is not there yet.
   */
  async entries(wanted: (entry: AuditEntry) => boolean = () => true): Promise<AuditEntry[]> {
    this.#reading = this.#reading.then(() => this.#readOn());
    await this.#reading;
    return [...this.#entries.values()].filter(wanted).sort((a, b) => a.at - b.at);
  }

  /** Resolves with the first request for which `wanted` is true, as soon as it is in the log. */
  async waitFor(what: string, wanted: (entry: AuditEntry) => boolean, timeoutMs = 10_000): Promise<AuditEntry> {
    return until(what, async () => (await this.entries(wanted))[0], timeoutMs);
  }

  async #readOn(): Promise<void> {
    const file = await open(this.#file, "r");
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(size - this.#offset),
        0,
        size - this.#offset,
        this.#offset,
      );
      this.#offset += bytesRead;
      const text = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
      const complete = text.lastIndexOf("\n") + 1;
      this.#rest = text.subarray(complete);
      for (const line of text.toString("utf8", 0, complete).split("\n")) {
        if (line !== "") this.#add(JSON.parse(line) as Line);
      }
    } finally {
      await file.close();
    }
  }

  /** A watch has two lines, opened and closed: they are one entry, and so is a request that panicked after its answer. */
  #add(line: Line): void {
    this.#entries.set(line.auditID, {
      id: line.auditID,
      at: microTime(line.requestReceivedTimestamp),
      doneAt: line.stage === "ResponseStarted" ? undefined : microTime(line.stageTimestamp),
      user: line.user.username ?? "",
      userAgent: line.userAgent ?? "",
      verb: line.verb,
      uri: line.requestURI,
      resource: line.objectRef?.resource ?? "",
      namespace: line.objectRef?.namespace ?? "",
      name: line.objectRef?.name ?? line.responseObject?.metadata?.name ?? "",
      status: line.responseStatus?.code ?? 0,
      requestObject: line.requestObject,
      responseObject: line.responseObject,
    });
  }
}

/** Milliseconds since the epoch of a MicroTime, fraction kept. */
export function microTime(text: string): number {
  const fraction = /\.\d{3}(\d+)/.exec(text)?.[1] ?? "";
  return Date.parse(text) + Number(`0.${fraction || "0"}`);
}

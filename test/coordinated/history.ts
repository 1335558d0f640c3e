import type { AuditEntry, Lab } from "../lab/index.ts";
import { journalNow, type Journal } from "../support/journal.ts";

/** The user as whom a kube-apiserver coordinates elections. */
export const coordinator = "system:apiserver";

/** Stamps of the server and of the journal are of different clocks; this much they may differ, in milliseconds. */
const slack = 10;

/** What the audit log says of one namespace: the second witness, beside the commands' own journal. */
export class History {
  readonly #lab: Lab;
  readonly #namespace: string;

  constructor(lab: Lab, namespace: string) {
    this.#lab = lab;
    this.#namespace = namespace;
  }

  /** Writes of the Lease that the server has accepted, in their order. */
  writes(): Promise<AuditEntry[]> {
    return this.#entries(({ resource }) => resource === "leases");
  }

  /** Writes of the Lease and of LeaseCandidates. */
  all(): Promise<AuditEntry[]> {
    return this.#entries(() => true);
  }

  /** All that happened to the Lease and its candidates, one line each, in seconds since the first. */
  async lines(): Promise<string[]> {
    const all = await this.all();
    const begin = all[0]?.at ?? 0;
    const texts = all.map((entry) => ({ at: entry.at, text: textOf(entry) }));
    // A renewal says no more than the one before it.
    const kept = texts.filter(({ text }, index) => text !== "" && text !== texts[index - 1]?.text);
    return kept.map(({ at, text }) => `${((at - begin) / 1000).toFixed(3).padStart(8)}  ${text}`);
  }

  /** Every command that ran at a time when the Lease, as the server had it, was not its candidate's by its candidate's own write. */
  async unwitnessed(journal: Journal): Promise<string[]> {
    const writes = (await this.writes()).filter(({ verb }) => verb !== "delete"); // that gives it to nobody
    const wall = Date.now() - journalNow();
    return journal.lives().flatMap(({ identity, pid, first, last }) => {
      const [begin, end] = [first + wall, last + wall];
      const own = writes.findLast(
        (write) => write.at <= begin + slack && write.user !== coordinator && holderOf(write) === identity,
      );
      if (own === undefined) return [`${identity} (${pid}) ran without a write of its own`];
      const other = writes.find(
        (write) => write.at >= own.at && write.at < end - slack && holderOf(write) !== identity,
      );
      return other ? [`${identity} (${pid}) lived on after the Lease was given to "${holderOf(other)}"`] : [];
    });
  }

  #entries(wanted: (entry: AuditEntry) => boolean): Promise<AuditEntry[]> {
    const verbs = ["create", "update", "delete"];
    return this.#lab.auditLog.entries(
      (entry) =>
        entry.namespace === this.#namespace &&
        ["leases", "leasecandidates"].includes(entry.resource) &&
        verbs.includes(entry.verb) &&
        entry.status < 300 &&
        wanted(entry),
    );
  }
}

export const holderOf = ({ requestObject }: AuditEntry): string => requestObject?.spec?.holderIdentity ?? "";

function textOf({ user, verb, resource, name, requestObject }: AuditEntry): string {
  const who = user === coordinator ? "server   " : "candidate";
  const spec = requestObject?.spec ?? {};
  if (resource === "leases") {
    const { holderIdentity, leaseDurationSeconds, preferredHolder } = spec;
    const preferred = preferredHolder ? `, preferredHolder ${preferredHolder}` : "";
    return `${who}  ${verb} Lease: holder "${holderIdentity ?? ""}", ${leaseDurationSeconds ?? 0} s${preferred}`;
  }
  if (verb === "update") return user === coordinator ? `${who}  ping ${name}` : `${who}  answer of ${name}`;
  return `${who}  ${verb} LeaseCandidate ${name}${verb === "create" ? ` ${String(spec["binaryVersion"])}` : ""}`;
}

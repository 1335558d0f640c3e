import { join } from "node:path";
import type { TestContext } from "node:test";
import { Elector } from "../interop/elector.ts";
import type { WithElector } from "../interop/with-elector.ts";
import {
  candidatePath,
  coordinatedRules,
  leasePath,
  until,
  type KubeObject,
  type Lab,
  type LabUser,
} from "../lab/index.ts";
import { Candidate, folderOf } from "../support/candidate.ts";
import { Journal, journalNow, type Life } from "../support/journal.ts";
import { History } from "./history.ts";

/** Short times that coordinated election takes: a lease of 7 s, to be renewed within 2 s. */
export const fleetTimes = "--lease-duration 7s --renew-deadline 2s --retry-period 500ms --kill-after 1s".split(" ");
/** Times with which a leader outlives a restart of the API server. */
export const patientTimes = "--lease-duration 30s --renew-deadline 20s".split(" ");
const electorTimes = { duration: "7s", deadline: "2s", retry: "500ms" };

export interface Member {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly kubeconfig?: string;
}

/** The candidates for one Lease, of any kind, whose commands write into one journal. */
export class Fleet {
  readonly lab: Lab;
  readonly namespace: string;
  readonly lease = "job";
  readonly user: LabUser;
  readonly journal: Journal;
  readonly history: History;
  readonly #t: TestContext;
  readonly #program: string;

  private constructor(t: TestContext, { lab, program }: WithElector, namespace: string, user: LabUser) {
    this.lab = lab;
    this.namespace = namespace;
    this.user = user;
    this.journal = new Journal(join(folderOf(t), "journal"));
    this.history = new History(lab, namespace);
    this.#t = t;
    this.#program = program;
  }

  static async open(t: TestContext, room: WithElector): Promise<Fleet> {
    const namespace = await room.lab.createNamespace();
    return new Fleet(t, room, namespace, await room.lab.user(namespace, "job", coordinatedRules("job")));
  }

  /** A leader-exec that elects plainly. */
  async plain(identity: string, member: Member = {}): Promise<Candidate> {
    const { args = [], env = {}, kubeconfig = await this.user.kubeconfig() } = member;
    const form = ["--log-format", "json", "--log-level", "debug", "--identity", identity];
    return new Candidate(this.#t, {
      args: [
        "--enable-leader-election",
        ...fleetTimes,
        ...form,
        ...["--kubeconfig", kubeconfig, "--lease-name", this.lease],
        ...args,
      ],
      env: { PROBE_JOURNAL: this.journal.path, ...env },
    });
  }

  /** A leader-exec that lets the cluster choose. */
  coordinated(identity: string, version: string, member: Member = {}): Promise<Candidate> {
    const args = ["--coordinated=always", "--candidate-version", version, ...(member.args ?? [])];
    return this.plain(identity, { ...member, args });
  }

  /** client-go's elector, coordinated when it is given a version. */
  async clientGo(identity: string, version?: string): Promise<Elector> {
    return new Elector(this.#t, {
      program: this.#program,
      kubeconfig: await this.user.kubeconfig(),
      namespace: this.namespace,
      lease: this.lease,
      identity,
      journal: this.journal.path,
      times: electorTimes,
      releases: true,
      ...(version === undefined ? {} : { version }),
    });
  }

  /** Waits until this candidate's command runs; `identity` is what it was started with. */
  leads(identity: string, within = 60_000): Promise<Life> {
    return until(`the command of ${identity} runs`, () => this.running().find((life) => of(life, identity)), within);
  }

  /** Commands that gave a sign of life in the last quarter of a second. */
  running(): Life[] {
    const since = journalNow() - 250;
    return this.journal.lives().filter(({ last }) => last > since);
  }

  /** The Lease as it is now. */
  async read(): Promise<KubeObject> {
    return (await this.lab.admin("GET", leasePath(this.namespace, this.lease))).object;
  }

  /** The LeaseCandidates that are registered now. */
  async candidates(): Promise<KubeObject[]> {
    return (await this.lab.admin("GET", candidatePath(this.namespace))).object.items ?? [];
  }

  /** Waits until this many are registered. */
  async registered(number: number): Promise<void> {
    await until(`${number} candidates`, async () => (await this.candidates()).length === number, 60_000).catch(
      async (error: unknown) => {
        throw new Error([String(error), ...(await this.history.lines())].join("\n"));
      },
    );
  }
}

/** leader-exec adds something of its own to each identity. */
export const of = ({ identity }: Life, name: string): boolean => identity === name || identity.startsWith(`${name}_`);

import { join } from "node:path";
import type { TestContext } from "node:test";
import { leasePath, type FaultProxy, type KubeObject, type Lab, type LabUser } from "../lab/index.ts";
import { Candidate, folderOf, shortTimes } from "../support/candidate.ts";
import { Journal } from "../support/journal.ts";
import { Elector, short, type Times } from "./elector.ts";

/** One Lease that client-go and leader-exec contend for. Each of its candidates has a user with the documented Role. */
export class MixedElection {
  readonly lab: Lab;
  readonly namespace: string;
  readonly lease = "job";
  readonly #t: TestContext;
  readonly #program: string;
  readonly #user: LabUser;
  readonly #folder: string;
  #journals = 0;

  private constructor(t: TestContext, lab: Lab, program: string, namespace: string, user: LabUser) {
    this.lab = lab;
    this.namespace = namespace;
    this.#t = t;
    this.#program = program;
    this.#user = user;
    this.#folder = folderOf(t);
  }

  static async open(t: TestContext, lab: Lab, program: string): Promise<MixedElection> {
    const namespace = await lab.createNamespace();
    return new MixedElection(t, lab, program, namespace, await lab.user(namespace, "job"));
  }

  /** A journal for one round: a reader reads all of it again and again. */
  newJournal(): Journal {
    return new Journal(join(this.#folder, `journal-${String(this.#journals++)}`));
  }

  async clientGo(
    journal: Journal,
    identity: string,
    more: { times?: Times; releases?: boolean; proxy?: FaultProxy } = {},
  ): Promise<Elector> {
    return new Elector(this.#t, {
      program: this.#program,
      kubeconfig: await this.#kubeconfig(more.proxy),
      namespace: this.namespace,
      lease: this.lease,
      identity,
      journal: journal.path,
      times: more.times ?? short,
      releases: more.releases ?? true,
    });
  }

  async leaderExec(
    journal: Journal,
    identity: string,
    more: { args?: readonly string[]; env?: Readonly<Record<string, string>>; proxy?: FaultProxy } = {},
  ): Promise<Candidate> {
    const kubeconfig = ["--kubeconfig", await this.#kubeconfig(more.proxy)];
    const form = ["--log-format", "json", "--identity", identity];
    const lease = ["--lease-name", this.lease, ...(more.args ?? [])];
    return new Candidate(this.#t, {
      args: ["--enable-leader-election", ...shortTimes, ...form, ...kubeconfig, ...lease],
      env: { PROBE_JOURNAL: journal.path, ...more.env },
    });
  }

  /** The Lease as it is now. */
  async read(): Promise<KubeObject> {
    return (await this.#user.request("GET", leasePath(this.namespace, this.lease))).object;
  }

  #kubeconfig(proxy: FaultProxy | undefined): Promise<string> {
    return this.#user.kubeconfig(proxy ? { server: proxy.url } : {});
  }
}

import { describe, type TestContext } from "node:test";
import { describeWithLab, type Lab, type LabUser } from "../lab/index.ts";
import { Candidates, folderOf } from "../support/candidate.ts";

/** Candidates for one fresh Lease in the store that is being tested. */
export type NewCandidates = (t: TestContext) => Promise<Candidates>;

/** Declares the same rules for both stores: the elector must not know which one it talks to. */
export async function onEachStore(title: string, rules: (newCandidates: NewCandidates) => void): Promise<void> {
  describe(`${title}, on the file store`, () => {
    rules((t) => Promise.resolve(new Candidates(t, ["--lease-store", `file:${folderOf(t)}/leases`])));
  });
  await describeWithLab(`${title}, on a real API server`, (lab) => {
    rules(async (t) => (await onServer(lab(), t)).candidates);
  });
}

export interface OnServer {
  readonly candidates: Candidates;
  readonly user: LabUser;
  readonly namespace: string;
  readonly lease: string;
}

/** A namespace and a user of its own with exactly the documented Role, and candidates that act as that user. */
export async function onServer(lab: Lab, t: TestContext, server = lab.url): Promise<OnServer> {
  const namespace = await lab.createNamespace();
  const lease = "job";
  const user = await lab.user(namespace, lease);
  const kubeconfig = await user.kubeconfig({ server });
  return { candidates: new Candidates(t, ["--kubeconfig", kubeconfig, "--lease-name", lease]), user, namespace, lease };
}

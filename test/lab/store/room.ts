import type { TestContext } from "node:test";
import type { LeaseStore } from "../../../src/world.ts";
import { open } from "../../support/kubernetes-store.ts";
import type { Lab, LabUser } from "../index.ts";

export interface Room {
  readonly namespace: string;
  readonly user: LabUser;
  readonly store: LeaseStore;
}

/** A namespace, a user with the documented Role, and a store that acts as this user; `server`: a proxy between. */
export async function room(lab: Lab, t: TestContext, server = lab.url): Promise<Room> {
  const namespace = await lab.createNamespace();
  const user = await lab.user(namespace, "demo");
  const { store } = await open(await user.kubeconfig({ server }));
  t.after(() => store.close());
  return { namespace, user, store };
}

import { writeFile } from "node:fs/promises";
import { Authority, newKey } from "../lab/certificates.ts";
import { kubeconfigText } from "../lab/kubeconfig.ts";
import type { Enclosure } from "./enclosure.ts";
import { apiAddress, apiPort, serviceAddress } from "./network.ts";

/** Who asks the API server, by its name in a certificate; a kubeconfig of this name is in the cluster's folder. */
const users: Readonly<Record<string, { readonly name: string; readonly groups: readonly string[] }>> = {
  admin: { name: "admin", groups: ["system:masters"] },
  "kube-controller-manager": { name: "system:kube-controller-manager", groups: ["system:masters"] },
  "kube-scheduler": { name: "system:kube-scheduler", groups: [] },
};

/** The admin's way in: PEM texts. */
export interface Admin {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Writes all keys and certificates into the folder, and a kubeconfig NAME.kubeconfig for each component and node. That of the
 * admin leads to `outside`, the address of the API server on this machine.
 */
export async function layOutCredentials(
  enclosure: Enclosure,
  nodes: readonly string[],
  outside: string,
): Promise<Admin> {
  const authority = new Authority("leader-exec cluster");
  const hosts = [serviceAddress, apiAddress, "127.0.0.1", "localhost", "kubernetes.default.svc"];
  const server = authority.issue({ name: "kube-apiserver", hosts });
  const toKubelets = authority.issue({ name: "kube-apiserver-kubelet-client", groups: ["system:masters"] });
  const caFile = enclosure.at("ca.crt");
  const files: Record<string, string> = {
    "ca.crt": authority.certificate,
    "server.crt": server.certificate,
    "server.key": server.key,
    "kubelet-client.crt": toKubelets.certificate,
    "kubelet-client.key": toKubelets.key,
    "sa.key": newKey().pem,
  };
  const everybody = {
    ...users,
    ...Object.fromEntries(nodes.map((name) => [name, { name: `system:node:${name}`, groups: ["system:nodes"] }])),
  };
  let admin: Admin | undefined;
  for (const [file, subject] of Object.entries(everybody)) {
    const pair = authority.issue(subject);
    files[`${file}.kubeconfig`] = kubeconfigText({
      server: file === "admin" ? outside : `https://${apiAddress}:${apiPort}`,
      caFile,
      credentials: pair,
      context: "leader-exec",
    });
    if (file === "admin") admin = { ca: authority.certificate, cert: pair.certificate, key: pair.key };
  }
  for (const [name, text] of Object.entries(files)) await writeFile(enclosure.at(name), text, { mode: 0o600 });
  if (!admin) throw new Error("there is no admin among the users");
  return admin;
}

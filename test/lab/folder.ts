import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { auditPolicy } from "./audit.ts";
import { Authority, newKey } from "./certificates.ts";

/** How many users with a token a lab has: kube-apiserver reads their file only when it starts. */
const POOL = 1000;

/** A user that can log in by a token, and has no rights yet. */
export interface PoolUser {
  readonly name: string;
  readonly token: string;
}

/** The folder of a lab, with everything in it that its servers read. */
export interface LabFolder {
  readonly path: string;
  readonly authority: Authority;
  readonly caFile: string;
  readonly adminToken: string;
  readonly pool: readonly PoolUser[];
  /** The path of a file of this name in the folder. */
  readonly at: (name: string) => string;
}

/** Writes keys, certificates (valid for `hosts`), tokens and the audit policy into the folder, which exists. */
export async function layOut(path: string, hosts: readonly string[]): Promise<LabFolder> {
  const at = (name: string): string => join(path, name);
  const authority = new Authority("leader-exec lab");
  const server = authority.issue({ name: "kube-apiserver", hosts });
  const adminToken = newToken();
  const pool = Array.from({ length: POOL }, (_, index) => ({
    name: `candidate-${String(index).padStart(3, "0")}`,
    token: newToken(),
  }));
  const tokens = [
    `${adminToken},lab-admin,lab-admin,"system:masters"`,
    ...pool.map(({ name, token }) => `${token},${name},${name}`),
  ];
  await mkdir(at("users"));
  const files = {
    "ca.crt": authority.certificate,
    "server.crt": server.certificate,
    "server.key": server.key,
    "sa.key": newKey().pem,
    "tokens.csv": `${tokens.join("\n")}\n`,
    "audit-policy.yaml": JSON.stringify(auditPolicy),
    "audit.log": "",
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(at(name), text, { mode: 0o600 });
  }
  return { path, authority, caFile: at("ca.crt"), adminToken, pool, at };
}

const newToken = (): string => randomBytes(16).toString("hex");

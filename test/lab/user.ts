import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { call, type Answer, type Endpoint } from "./api.ts";
import type { KeyPair } from "./certificates.ts";
import { kubeconfigText, type Credentials } from "./kubeconfig.ts";
import type { RoleGrant } from "./rbac.ts";

/** What a user is made of. */
export interface UserParts {
  readonly name: string;
  readonly namespace: string;
  readonly token: string;
  readonly role: RoleGrant;
  readonly endpoint: Endpoint;
  readonly caFile: string;
  /** An existing folder of its own, for its kubeconfig and other files. */
  readonly folder: string;
  /** Issues a client certificate for this user. Undefined for service accounts, which have none. */
  readonly issue: ((notAfter?: number) => KeyPair) | undefined;
}

/** A Kubernetes user with a Role in one namespace, and everything a program needs to act as it. */
export class LabUser {
  /** The user name as the audit log has it. */
  readonly name: string;
  readonly namespace: string;
  readonly token: string;
  /** Its Role, which can be changed while it is at work. */
  readonly role: RoleGrant;
  readonly folder: string;
  readonly #parts: UserParts;
  #files = 0;

  constructor(parts: UserParts) {
    this.name = parts.name;
    this.namespace = parts.namespace;
    this.token = parts.token;
    this.role = parts.role;
    this.folder = parts.folder;
    this.#parts = parts;
  }

  /** One request as this user, straight to the API server. */
  request(method: string, path: string, body?: unknown): Promise<Answer> {
    return call({ ...this.#parts.endpoint, token: this.token }, method, path, body);
  }

  /** A client certificate for this user, issued now. `notAfter` is in milliseconds since the epoch. */
  certificate(notAfter?: number): KeyPair {
    if (!this.#parts.issue) throw new Error(`${this.name} is a service account: it has only tokens`);
    return this.#parts.issue(notAfter);
  }

  /** The certificate as files. */
  async certificateFiles(notAfter?: number): Promise<Credentials> {
    const { certificate, key } = this.certificate(notAfter);
    return {
      certificateFile: await this.file("client.crt", certificate),
      keyFile: await this.file("client.key", key),
    };
  }

  /** The token as a file, which a test may replace later. */
  async tokenFile(token = this.token): Promise<string> {
    return this.file("token", token);
  }

  /**
   * An exec plugin (client.authentication.k8s.io/v1) that prints this user's token, as a shell script. `before` is
   * shell to run first: `exit 1` makes it fail, `sleep 1000` hang, `echo >>$0.calls` count its calls.
   */
  async execPlugin(before = ":"): Promise<Credentials> {
    const answer = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: this.token },
    };
    const script = `${before}\necho '${JSON.stringify(answer)}'\n`;
    return { exec: { command: "/bin/sh", args: [await this.file("plugin.sh", script)] } };
  }

  /**
   * Writes a new kubeconfig and returns its path. By default it leads straight to the API server with this user's
   * token and namespace; give the url of a proxy as `server` to put faults between.
   */
  async kubeconfig(
    options: { server?: string; credentials?: Credentials; namespace?: string | undefined } = {},
  ): Promise<string> {
    const text = kubeconfigText({
      server: this.#parts.endpoint.url,
      caFile: this.#parts.caFile,
      credentials: { token: this.token },
      namespace: this.namespace,
      ...options,
    });
    return this.file("kubeconfig", text);
  }

  /** Writes the three files that a pod finds of its service account, and returns their folder. */
  async podFiles(): Promise<string> {
    await writeFile(join(this.folder, "token"), this.token);
    await writeFile(join(this.folder, "ca.crt"), this.#parts.endpoint.ca);
    await writeFile(join(this.folder, "namespace"), this.namespace);
    return this.folder;
  }

  /** Each file gets a name of its own: what an earlier call wrote stays as it is. */
  async file(name: string, text: string): Promise<string> {
    const path = join(this.folder, `${String(this.#files++)}-${name}`);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }
}

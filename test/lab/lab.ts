import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { call, type Answer, type Endpoint } from "./api.ts";
import { AuditLog } from "./audit.ts";
import type { LabFolder } from "./folder.ts";
import { startProxy, type FaultProxy } from "./proxy.ts";
import { documentedRules, RoleGrant, type PolicyRule } from "./rbac.ts";
import type { ServerProcess } from "./server-process.ts";
import { LabUser } from "./user.ts";
import type { Warden } from "./warden.ts";

/** The two processes of a lab. */
export interface LabServers {
  readonly etcd: ServerProcess;
  readonly apiServer: ServerProcess;
}

/** A running etcd and kube-apiserver, and the admin's hand in them. Made by `startLab`. */
export class Lab {
  readonly url: string;
  /** The certificate that clients must trust, as a file and as PEM text. */
  readonly caFile: string;
  readonly ca: string;
  readonly adminToken: string;
  /** Everything the lab writes, logs included; removed by `stop`. */
  readonly folder: string;
  readonly apiServer: ServerProcess;
  readonly etcd: ServerProcess;
  readonly auditLog: AuditLog;
  readonly #files: LabFolder;
  readonly #warden: Warden;
  readonly #endpoint: Endpoint;
  readonly #proxies = new Set<FaultProxy>();
  #users = 0;
  #namespaces = 0;

  constructor(files: LabFolder, warden: Warden, url: string, servers: LabServers) {
    this.url = url;
    this.caFile = files.caFile;
    this.ca = files.authority.certificate;
    this.adminToken = files.adminToken;
    this.folder = files.path;
    this.etcd = servers.etcd;
    this.apiServer = servers.apiServer;
    this.auditLog = new AuditLog(files.at("audit.log"));
    this.#files = files;
    this.#warden = warden;
    this.#endpoint = { url, ca: this.ca };
  }

  /** One request with all rights, whatever its answer's status. */
  readonly admin = (method: string, path: string, body?: unknown): Promise<Answer> =>
    call({ ...this.#endpoint, token: this.adminToken }, method, path, body);

  /** One request of whoever has this token. */
  as(token: string, method: string, path: string, body?: unknown): Promise<Answer> {
    return call({ ...this.#endpoint, token }, method, path, body);
  }

  /** Creates a namespace that no other test of this lab uses, and returns its name. */
  async createNamespace(name = `test-${String(this.#namespaces++)}`): Promise<string> {
    await this.#create("/api/v1/namespaces", { metadata: { name } });
    return name;
  }

  /**
   * A user that nobody else has, with exactly the documented Role for one Lease, or with other rules. Resolves when
   * the server goes by them.
   */
  async user(
    namespace: string,
    lease: string,
    rules: readonly PolicyRule[] = documentedRules(lease),
  ): Promise<LabUser> {
    const user = this.#files.pool[this.#users++];
    if (!user) throw new Error("all users of this lab are given away; make the pool in folder.ts larger");
    const { name } = user;
    const role = new RoleGrant(this.admin, namespace, { kind: "User", name, userName: name });
    await role.create(rules);
    return new LabUser({
      ...(await this.#parts(name, namespace)),
      token: user.token,
      role,
      issue: (notAfter) => this.#files.authority.issue({ name, ...(notAfter ? { notAfter } : {}) }),
    });
  }

  /** The same as a service account, with a first token. */
  async serviceAccount(
    namespace: string,
    lease: string,
    rules: readonly PolicyRule[] = documentedRules(lease),
  ): Promise<LabUser> {
    const name = `account-${String(this.#users++)}`;
    await this.#create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
    const userName = `system:serviceaccount:${namespace}:${name}`;
    const role = new RoleGrant(this.admin, namespace, { kind: "ServiceAccount", name, userName });
    await role.create(rules);
    return new LabUser({
      ...(await this.#parts(userName, namespace)),
      token: await this.newToken(userName),
      role,
      issue: undefined,
    });
  }

  /**
   * Another token of a service account, by the TokenRequest API, as kubelet rotates them. The server takes no less
   * than 600 s. Deleting the account makes all its tokens invalid, within the 10 s for which the server remembers them.
   */
  async newToken(userName: string, seconds = 600): Promise<string> {
    const [, , namespace = "", name = ""] = userName.split(":");
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const { status } = await this.#create(path, { spec: { expirationSeconds: seconds } });
    return (status as { token: string }).token;
  }

  /** A proxy before the API server; ended with the lab. */
  async proxy(): Promise<FaultProxy> {
    const proxy = await startProxy(this.url);
    this.#proxies.add(proxy);
    return proxy;
  }

  /** A server certificate and key of the lab's own authority, for a server of the test's own. */
  serverCertificate(...hosts: string[]): { certificate: string; key: string } {
    return this.#files.authority.issue({ name: "lab", hosts });
  }

  /** Ends everything that this lab started and removes its folder. */
  async stop(): Promise<void> {
    for (const proxy of this.#proxies) proxy.close();
    await Promise.all([this.apiServer.kill(), this.etcd.kill()]);
    await this.#warden.dismiss();
  }

  async #create(path: string, body: object): Promise<Answer["object"]> {
    const answer = await this.admin("POST", path, body);
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.object;
  }

  async #parts(name: string, namespace: string) {
    const folder = this.#files.at(join("users", name.replaceAll(":", "-")));
    await mkdir(folder);
    return { name, namespace, folder, endpoint: this.#endpoint, caFile: this.caFile };
  }
}

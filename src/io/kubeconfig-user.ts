/** The user of a kubeconfig: everything that kubectl understands there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LocalTrouble } from "../world.ts";
import type { ClusterAccess, CredentialPlugin, Pem, UserAccess } from "./kubernetes-access.ts";
import { list, member, scalar, text, type Json } from "./json.ts";
import { whyUnreadable } from "./kubeconfig-document.ts";

/** What KubeConfig makes of a user. Paths are absolute. */
interface Entry {
  readonly certData?: string;
  readonly certFile?: string;
  readonly keyData?: string;
  readonly keyFile?: string;
  readonly token?: string;
  readonly username?: string;
  readonly password?: string;
  readonly impersonateUser?: string;
}

/** What a credential plugin may be told of the cluster. */
type Cluster = Pick<ClusterAccess, "server" | "authority" | "insecure" | "serverName" | "proxy"> & {
  readonly extension: unknown;
};

/** `raw` is the entry as it stands in the file, in `folder`: relative paths start there. No entry: anonymous. */
export function userAccess(entry: Entry = {}, raw: Json, folder: string, cluster: Cluster): UserAccess {
  const tokenFile = text(raw, "tokenFile");
  const provider = member(raw, "auth-provider");
  const providerName = text(provider, "name");
  return {
    token: scalar(entry.token)?.trim(),
    tokenFile: tokenFile === undefined ? undefined : absolute(folder, tokenFile),
    basic: entry.username ? { name: entry.username, password: entry.password ?? "" } : undefined,
    certificate: pem(entry.certFile, entry.certData),
    key: pem(entry.keyFile, entry.keyData),
    plugin: raw["exec"] ? credentialPlugin(member(raw, "exec"), folder, cluster) : undefined,
    provider: providerName ? { name: providerName, config: texts(member(provider, "config")) } : undefined,
    impersonation: impersonation(raw),
  };
}

/** Inline data (base64) counts before a file, as in kubectl. */
export function pem(file: string | undefined, data: string | undefined): Pem | undefined {
  if (data) return { text: Buffer.from(data, "base64").toString("utf8") };
  return file ? { file } : undefined;
}

/** kubectl's rule: a command with a separator in it is a path from the kubeconfig's folder, else looked up in PATH. */
function credentialPlugin(exec: Json, folder: string, cluster: Cluster): CredentialPlugin {
  const command = text(exec, "command");
  if (command === undefined)
    throw new LocalTrouble(
      "a user of the kubeconfig has an exec entry without command; name the credential plugin there",
    );
  const env = list(exec, "env").map((each) => [text(each, "name") ?? "", text(each, "value") ?? ""]);
  return {
    apiVersion: text(exec, "apiVersion") ?? "client.authentication.k8s.io/v1",
    command: command.includes("/") ? absolute(folder, command) : command,
    args: list(exec, "args").map(String),
    env: Object.fromEntries(env) as Record<string, string>,
    installHint: text(exec, "installHint"),
    needsTerminal: text(exec, "interactiveMode") === "Always",
    cluster: exec["provideClusterInfo"] === true ? clusterInfo(cluster) : undefined,
  };
}

/** client.authentication.k8s.io Cluster. Throws LocalTrouble when the authority cannot be read. */
function clusterInfo({ server, authority, insecure, serverName, proxy, extension }: Cluster): Json {
  const data = authority && ("text" in authority ? authority.text : contentOf(authority.file));
  return {
    server: server.href.replace(/\/$/, ""),
    ...(serverName === undefined ? {} : { "tls-server-name": serverName }),
    ...(insecure ? { "insecure-skip-tls-verify": true } : {}),
    ...(data === undefined ? {} : { "certificate-authority-data": Buffer.from(data).toString("base64") }),
    ...(proxy === undefined ? {} : { "proxy-url": proxy.href.replace(/\/$/, "") }),
    ...(extension === undefined ? {} : { config: extension }),
  };
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new LocalTrouble(
      `cannot read ${path}, which the kubeconfig names as certificate-authority: ${whyUnreadable(error)}`,
    );
  }
}

/** The headers of user impersonation. */
function impersonation(raw: Json): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  const user = text(raw, "as");
  if (user === undefined) return headers;
  headers["Impersonate-User"] = user;
  const uid = text(raw, "as-uid");
  if (uid !== undefined) headers["Impersonate-Uid"] = uid;
  const groups = list(raw, "as-groups").map(String);
  if (groups.length > 0) headers["Impersonate-Group"] = groups;
  const extra = member(raw, "as-user-extra");
  for (const key of Object.keys(extra))
    headers[`Impersonate-Extra-${encodeURIComponent(key)}`] = list(extra, key).map(String);
  return headers;
}

function texts(object: Json): Record<string, string> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, String(value)]));
}

const absolute = (folder: string, path: string): string => (path.startsWith("/") ? path : join(folder, path));

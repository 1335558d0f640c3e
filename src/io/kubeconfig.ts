/**
 * Reads kubeconfig files into a ClusterAccess. The only importer of @kubernetes/client-node, and of its KubeConfig alone
 * (`dist/config.js`, an undocumented path: the version is pinned, a test says so), because the whole client costs half a
 * second and 65 MB. KubeConfig checks and picks; what it drops (tokenFile, impersonated groups, cluster extensions) is
 * taken from the document itself. The rules are kubectl's (client-go tools/clientcmd).
 */
import { dirname, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { LocalTrouble } from "../world.ts";
import type { ClusterAccess } from "./kubernetes-access.ts";
import { isObject, list, member, scalar, text, type Json } from "./json.ts";
import { orAnother, readDocument, unusable } from "./kubeconfig-document.ts";
import { pem, userAccess } from "./kubeconfig-user.ts";

interface ConfigFile {
  readonly path: string;
  readonly config: KubeConfig;
  readonly document: Json;
}

/**
 * The access that these files describe together: of entries with one name, and of several current-contexts, the first
 * counts, and paths start at the folder of the file they stand in. Throws LocalTrouble when a file cannot be read or is
 * no kubeconfig, or when it does not have the context, or the cluster or user of the context.
 */
export function readKubeconfig(paths: readonly string[], wanted: string | undefined): ClusterAccess {
  const files = paths.map(open);
  const where = paths.join(", ");
  const name = wanted ?? files.map(({ document }) => text(document, "current-context")).find(Boolean);
  const contexts = files.flatMap(({ config }) => config.getContexts().map((each) => each.name)).join(", ");
  if (contexts === "") {
    const isEmpty = files.every(({ document }) => Object.keys(document).length === 0);
    throw unusable(where, `${isEmpty ? "it is empty" : "there is no context in it"}; correct the file, ${orAnother}`);
  }
  const others = `choose one with --context (there are: ${contexts})`;
  if (!name) throw new LocalTrouble(`no current-context is set in ${where}; ${others}`);
  const context = first(files, (config) => config.getContextObject(name))?.entry;
  if (!context) throw new LocalTrouble(`there is no complete context "${name}" in ${where}; ${others}`);

  const missing = (what: string, which: string) =>
    new LocalTrouble(
      `the context "${name}" in ${where} names the ${what} "${which}", which is not there or not complete; add it to ${what}s`,
    );
  const cluster = first(files, (config) => config.getCluster(context.cluster));
  if (!cluster) throw missing("cluster", context.cluster);
  const user = context.user ? first(files, (config) => config.getUser(context.user)) : undefined;
  if (context.user && !user) throw missing("user", context.user);

  const { caData, caFile, skipTLSVerify, server, tlsServerName, proxyUrl } = cluster.entry;
  const { path } = cluster.file;
  const what = `server of cluster "${context.cluster}" in ${path}`;
  const reach = {
    server: withoutPassword(parseUrl(server, what, /^https?:$/), what),
    authority: pem(caFile, caData),
    insecure: skipTLSVerify,
    serverName: tlsServerName,
    proxy: proxyUrl
      ? parseUrl(proxyUrl, `proxy-url of cluster "${context.cluster}" in ${path}`, /^(https?|socks5h?):$/)
      : undefined,
  };
  return {
    ...reach,
    source: `${where} (context ${name})`,
    namespace: scalar(context.namespace),
    user: userAccess(
      user?.entry,
      user ? section(user.file, "users", context.user, "user") : {},
      dirname((user ?? cluster).file.path),
      { ...reach, extension: execExtension(section(cluster.file, "clusters", context.cluster, "cluster")) },
    ),
  };
}

function open(path: string): ConfigFile {
  const { content, document } = readDocument(path);
  const config = new KubeConfig();
  try {
    // Entries that are not complete do no harm as long as nobody asks for them.
    if (content.trim() !== "") config.loadFromString(content, { onInvalidEntry: "filter" });
  } catch (error) {
    throw unusable(path, `${error instanceof Error ? error.message : String(error)}; correct the file, ${orAnother}`);
  }
  config.makePathsAbsolute(dirname(resolve(path)));
  return { path: resolve(path), config, document };
}

function withoutPassword(url: URL, what: string): URL {
  if (url.username === "" && url.password === "") return url;
  throw new LocalTrouble(`the ${what} has a user name in it; put username and password into the user's entry`);
}

/** What a URL in a configuration says; throws LocalTrouble when it is none or has another scheme. */
function parseUrl(value: string, what: string, schemes: RegExp): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url && schemes.test(url.protocol)) return url;
  throw new LocalTrouble(`the ${what} is no URL that can be used; correct it: ${examples(schemes)}`);
}

const examples = (schemes: RegExp): string =>
  schemes.test("socks5:") ? "http://proxy:3128, https:// or socks5://" : "https://10.0.0.1:6443, for example";

function first<T>(files: readonly ConfigFile[], pick: (config: KubeConfig) => T | null) {
  for (const file of files) {
    const entry = pick(file.config);
    if (entry) return { file, entry };
  }
  return undefined;
}

/** The entry of this name as it stands in the document. */
function section(file: ConfigFile, part: string, name: string, key: string): Json {
  return member(
    list(file.document, part).find((entry) => text(entry, "name") === name),
    key,
  );
}

/** What a cluster has to say to credential plugins: client-go's extension name. */
function execExtension(cluster: Json): unknown {
  const found = list(cluster, "extensions").find((each) => text(each, "name") === "client.authentication.k8s.io/exec");
  return isObject(found) ? found["extension"] : undefined;
}

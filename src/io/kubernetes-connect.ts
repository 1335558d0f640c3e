/** From a ClusterAccess to a client that can send requests. */
import { LocalTrouble, type Clock } from "../world.ts";
import { CredentialTrouble, type ProofSource } from "./credentials-proof.ts";
import { PluginSource } from "./credentials-plugin.ts";
import { pemReader, StaticSource } from "./credentials-static.ts";
import { Agents } from "./https-agents.ts";
import type { ClusterAccess } from "./kubernetes-access.ts";
import { KubernetesClient } from "./kubernetes-client.ts";
import type { Place } from "./kubernetes-network-trouble.ts";
import { loadAuth } from "./load-bundle.ts";
import { proxyFromEnvironment } from "./proxy-environment.ts";

export interface Connection {
  readonly client: KubernetesClient;
  readonly place: Place;
}

/** Nothing is sent yet. Throws LocalTrouble for credentials that are wrong or missing on this machine. */
export async function connect(
  access: ClusterAccess,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Promise<Connection> {
  const { server, insecure, serverName, source, user } = access;
  const proxy = access.proxy ?? proxyFromEnvironment(server, env);
  const proofs = proofSource(access, env, clock);
  const client = new KubernetesClient({
    server,
    clock,
    proofs,
    authority: pemReader(access.authority, clock),
    agents: new Agents({
      server,
      insecure,
      serverName,
      tunnel: proxy && (await loadAuth()).tunnelThrough(proxy),
    }),
    headers: { "User-Agent": "leader-exec", ...user.impersonation },
  });
  if (proofs instanceof StaticSource) await client.prepare().catch(locally);
  const through = proxy === undefined ? "" : ` (through the proxy ${proxy.protocol}//${proxy.host})`;
  const place = {
    server: `${server.href.replace(/\/$/, "")}${through}`,
    source,
    credentials: proofs.description,
  };
  return { client, place };
}

/** As in client-go, a plugin is not asked when there is something simpler. */
function proofSource({ user, source }: ClusterAccess, env: NodeJS.ProcessEnv, clock: Clock): ProofSource {
  if (user.provider)
    throw new LocalTrouble(
      `${source} uses the auth-provider "${user.provider.name}", which is not supported; use an exec plugin instead, ` +
        "for OpenID Connect that of kubelogin (kubectl oidc-login)",
    );
  const simpler = user.token ?? user.tokenFile ?? user.basic;
  return user.plugin && simpler === undefined
    ? new PluginSource(user.plugin, source, env, clock)
    : new StaticSource(user, source, clock);
}

function locally(error: unknown): never {
  throw error instanceof CredentialTrouble ? new LocalTrouble(error.message) : error;
}

/** How to reach one API server and as whom: what every kind of configuration comes down to. Plain data. */

/** A PEM text, or the file that has it and may be replaced while we run. */
export type Pem = { readonly file: string } | { readonly text: string };

export interface ClusterAccess {
  /** May have a path, as behind Rancher. Never has a user name or password in it. */
  readonly server: URL;
  /** For sentences: "/home/jo/.kube/config (context lab)". */
  readonly source: string;
  /** What the configuration says; undefined when it says nothing. */
  readonly namespace: string | undefined;
  /** Undefined: the authorities that Node knows. */
  readonly authority: Pem | undefined;
  /** True: any certificate of the server will do (insecure-skip-tls-verify). */
  readonly insecure: boolean;
  /** The name that the server's certificate must have, instead of that in its URL. */
  readonly serverName: string | undefined;
  /** http:, https: or socks5: */
  readonly proxy: URL | undefined;
  readonly user: UserAccess;
}

/** Who we are. Everything may be undefined: then we are anonymous. */
export interface UserAccess {
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly basic: { readonly name: string; readonly password: string } | undefined;
  readonly certificate: Pem | undefined;
  readonly key: Pem | undefined;
  readonly plugin: CredentialPlugin | undefined;
  /** The old in-tree kind of plugin, of which only `oidc` is left. */
  readonly provider: { readonly name: string; readonly config: Readonly<Record<string, string>> } | undefined;
  /** Impersonate-User and the like. */
  readonly impersonation: Readonly<Record<string, string | string[]>>;
}

/** A program that prints an ExecCredential (client.authentication.k8s.io). */
export interface CredentialPlugin {
  readonly apiVersion: string;
  /** An absolute path, or a name to be found in PATH. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string | undefined;
  /** The plugin cannot work without a terminal: interactiveMode Always. */
  readonly needsTerminal: boolean;
  /** `spec.cluster` of KUBERNETES_EXEC_INFO; undefined unless provideClusterInfo asks for it. */
  readonly cluster: Readonly<Record<string, unknown>> | undefined;
}

export const nobody: UserAccess = {
  token: undefined,
  tokenFile: undefined,
  basic: undefined,
  certificate: undefined,
  key: undefined,
  plugin: undefined,
  provider: undefined,
  impersonation: {},
};

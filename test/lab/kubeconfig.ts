/** How a kubeconfig lets its user prove who it is. Files are paths, the rest is inline. */
export type Credentials =
  | { readonly token: string }
  | { readonly tokenFile: string }
  | { readonly certificateFile: string; readonly keyFile: string }
  | { readonly certificate: string; readonly key: string }
  | { readonly exec: { readonly command: string; readonly args?: readonly string[] } };

/** What a kubeconfig of the lab says. */
export interface KubeconfigOptions {
  readonly server: string;
  readonly caFile: string;
  readonly credentials: Credentials;
  /** The namespace of the context; none when undefined. */
  readonly namespace?: string | undefined;
  /** The name of the context, the cluster and the user: `lab` by default. */
  readonly context?: string;
}

/** The text of a kubeconfig with one context. It is JSON, and so also YAML. */
export function kubeconfigText(options: KubeconfigOptions): string {
  const name = options.context ?? "lab";
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: options.server, "certificate-authority": options.caFile } }],
    users: [{ name, user: userEntry(options.credentials) }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: options.namespace } }],
    "current-context": name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function userEntry(credentials: Credentials): Record<string, unknown> {
  if ("certificateFile" in credentials) {
    const { certificateFile, keyFile } = credentials;
    return { "client-certificate": certificateFile, "client-key": keyFile };
  }
  if ("certificate" in credentials) {
    return {
      "client-certificate-data": base64(credentials.certificate),
      "client-key-data": base64(credentials.key),
    };
  }
  if ("exec" in credentials) {
    const { command, args = [] } = credentials.exec;
    return {
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        interactiveMode: "Never",
        command,
        args,
      },
    };
  }
  return { ...credentials };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

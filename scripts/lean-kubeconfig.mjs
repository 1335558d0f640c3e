// Only the part of @kubernetes/client-node that reads kubeconfigs is used (src/io/kubeconfig.ts). What that part imports
// for other purposes (the generated API client, OpenID Connect, proxies, fetch: 790 KB, and deprecation warnings on
// stderr) is replaced by classes that do nothing. An import that a new version adds makes the build fail, or the bundle
// larger than its test allows.
const leftOut = {
  "node-fetch": ["Headers"],
  "./azure_auth.js": ["AzureAuth"],
  "./exec_auth.js": ["ExecAuth"],
  "./file_auth.js": ["FileAuth"],
  "./gcp_auth.js": ["GoogleCloudPlatformAuth"],
  "./gen/index.js": ["createConfiguration", "ServerConfiguration"],
  "./oidc_auth.js": ["OpenIDConnectAuth"],
  "socks-proxy-agent": ["SocksProxyAgent"],
  hpagent: ["HttpProxyAgent", "HttpsProxyAgent"],
};

/** An esbuild plugin. */
export const leanKubeconfig = {
  name: "lean-kubeconfig",
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, importer }) =>
      path in leftOut && /@kubernetes[\\/]client-node[\\/]dist[\\/]config\.js$/.test(importer)
        ? { path, namespace: "left-out" }
        : undefined,
    );
    build.onLoad({ filter: /./, namespace: "left-out" }, ({ path }) => ({
      contents: leftOut[path].map((name) => `export class ${name} {}`).join("\n"),
    }));
  },
};

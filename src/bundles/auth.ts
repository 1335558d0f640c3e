/** Rare ways to an API server, bundled apart: proxies. */
export { tunnelThrough } from "../io/proxy-tunnel.ts";

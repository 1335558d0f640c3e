/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY as client-go understands them (golang.org/x/net/http/httpproxy). */
import { BlockList, isIP } from "node:net";
import { LocalTrouble } from "../world.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The proxy that the environment wants for this server; undefined: none. Throws LocalTrouble for a value that is no URL. */
export function proxyFromEnvironment(server: URL, env: Env): URL | undefined {
  const name = server.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = either(env, name);
  if (value === undefined || isExempt(server, either(env, "NO_PROXY") ?? "")) return undefined;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^(https?|socks5h?):$/.test(url.protocol)) return url;
  throw new LocalTrouble(
    `the value of ${name} is no URL of a proxy; correct it (http://proxy:3128, https:// or socks5://) or unset it`,
  );
}

function either(env: Env, name: string): string | undefined {
  return env[name] || env[name.toLowerCase()] || undefined;
}

/** True for this machine itself, and for what an entry of NO_PROXY names: `*`, a domain, an address, a range, each with a port or without. */
function isExempt(server: URL, noProxy: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = server.port || (server.protocol === "https:" ? "443" : "80");
  if (host === "localhost" || (isIP(host) !== 0 && inRange(host, isIP(host) === 6 ? "::1/128" : "127.0.0.0/8")))
    return true;
  const entries = noProxy.split(",").map((entry) => entry.trim().toLowerCase());
  return entries.filter(Boolean).some((entry) => {
    if (entry === "*") return true;
    if (entry.includes("/")) return inRange(host, entry);
    const [, name = "", onlyPort] =
      /^(?:\[(?=.*\]))?(.*?)\]?(?::(\d+))?$/.exec(isIP(entry) ? `[${entry}]` : entry) ?? [];
    if (onlyPort !== undefined && onlyPort !== port) return false;
    if (isIP(name)) return name === host;
    const suffix = name.replace(/^\*/, "");
    return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
  });
}

function inRange(host: string, range: string): boolean {
  const [network = "", bits = ""] = range.split("/");
  const family = isIP(network);
  const prefix = /^\d+$/.test(bits) ? Number(bits) : NaN;
  if (isIP(host) === 0 || family !== isIP(host) || !(prefix <= (family === 6 ? 128 : 32))) return false;
  const type = family === 6 ? "ipv6" : "ipv4";
  const list = new BlockList();
  list.addSubnet(network, prefix, type);
  return list.check(host, type);
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { proxyFromEnvironment } from "../../../src/io/proxy-environment.ts";
import { LocalTrouble } from "../../../src/world.ts";

const through = (server: string, env: Record<string, string>): string | undefined =>
  proxyFromEnvironment(new URL(server), env)?.href;

test("HTTPS_PROXY is for https servers, HTTP_PROXY for http ones, upper case counts before lower case", () => {
  const env = { HTTPS_PROXY: "http://a:1", https_proxy: "http://b:2", http_proxy: "http://c:3" };
  assert.equal(through("https://api.example", env), "http://a:1/");
  assert.equal(through("http://api.example", env), "http://c:3/");
  assert.equal(through("https://api.example", { https_proxy: "b:2" }), "http://b:2/", "without a scheme it is http");
  assert.equal(through("https://api.example", { HTTPS_PROXY: "", HTTP_PROXY: "http://c:3" }), undefined);
  assert.equal(through("https://api.example", { HTTPS_PROXY: "socks5://s:1080" }), "socks5://s:1080");
});

test("this machine is never reached through a proxy", () => {
  for (const host of ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"])
    assert.equal(through(`https://${host}:6443`, { HTTPS_PROXY: "http://p:1" }), undefined, host);
});

test("NO_PROXY exempts domains, addresses, ranges and ports, as for client-go", () => {
  const table: [noProxy: string, server: string, exempt: boolean][] = [
    ["*", "https://api.example", true],
    ["example", "https://api.example", true],
    ["example", "https://example", true],
    ["ample", "https://api.example", false],
    [".example", "https://api.example", true],
    [".example", "https://example", false],
    ["*.example", "https://api.example", true],
    [" a.b , API.Example ", "https://api.example", true],
    ["10.0.0.0/8", "https://10.96.0.1", true],
    ["10.0.0.0/8", "https://11.96.0.1", false],
    ["10.0.0.0/8", "https://api.example", false],
    ["10.96.0.1", "https://10.96.0.1:443", true],
    ["10.96.0.1", "https://10.96.0.10", false],
    ["api.example:6443", "https://api.example:6443", true],
    ["api.example:6443", "https://api.example", false],
    ["api.example:443", "https://api.example", true],
    ["fd00::/8", "https://[fd00::1]:6443", true],
    ["fd00::1", "https://[fd00::1]:6443", true],
    ["[fd00::1]:6443", "https://[fd00::1]:6443", true],
    ["[fd00::1]:6444", "https://[fd00::1]:6443", false],
    ["10.0.0.0/99,,/", "https://10.96.0.1", false],
    [".svc,.cluster.local", "https://kubernetes.default.svc", true],
  ];
  for (const [NO_PROXY, server, exempt] of table)
    assert.equal(
      through(server, { HTTPS_PROXY: "http://p:1", NO_PROXY }) === undefined,
      exempt,
      `${NO_PROXY} ${server}`,
    );
});

test("a value that is no proxy's URL is refused without being shown, since it may hold a password", () => {
  for (const HTTPS_PROXY of ["ftp://joe:pass@p", "http://joe:pass@"])
    assert.throws(
      () => through("https://api.example", { HTTPS_PROXY }),
      (error: Error) =>
        error instanceof LocalTrouble && /HTTPS_PROXY is no URL/.test(error.message) && !/pass/.test(error.message),
    );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommandLine } from "../src/cli.ts";

const flag = "--health-probe-bind-address";
const metricsFlag = "--metrics-bind-address";

function parsed(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const line = parseCommandLine([...words, "--", "a"], env);
  if (line.kind === "usage-error") return line.message;
  assert.ok(line.kind === "run");
  const { probes, metrics, readyWhen } = line.options.health;
  const where = (at: typeof probes) => (at === null ? null : `${at.host ?? "*"} ${at.port}`);
  return { probes: where(probes), metrics: where(metrics), readyWhen };
}

test("nobody can ask unless an address is given", () => {
  assert.deepEqual(parsed([]), { probes: null, metrics: null, readyWhen: "standby" });
  assert.deepEqual(parsed([flag, "0"]), { probes: null, metrics: null, readyWhen: "standby" });
});

test("addresses have the forms of controller-runtime, on the command line and in the environment", () => {
  const rows = [
    [":8081", "* 8081"],
    ["127.0.0.1:8081", "127.0.0.1 8081"],
    ["0.0.0.0:0", "0.0.0.0 0"],
    ["localhost:65535", "localhost 65535"],
    ["[::1]:8081", "::1 8081"],
    ["[fe80::1%eth0]:8081", "fe80::1%eth0 8081"],
  ] as const;
  for (const [text, probes] of rows) {
    const expected = { probes, metrics: probes, readyWhen: "standby" };
    assert.deepEqual(parsed([flag, text, metricsFlag, text]), expected);
    const env = { LEADER_EXEC_HEALTH_PROBE_BIND_ADDRESS: text, LEADER_EXEC_METRICS_BIND_ADDRESS: text };
    assert.deepEqual(parsed([], env), expected);
  }
});

test("what is no address is refused with what to give", () => {
  for (const text of ["8081", ":", ":65536", ":http", "::1:8081", "[::1]", "http://a:1", "a b:1", "127.0.0.1", ":-1"])
    for (const each of [flag, metricsFlag])
      assert.equal(
        parsed([each, text]),
        `${each} "${text}" is no address to listen on; give a port as in :8081, or a host too as in 127.0.0.1:8081 or [::1]:8081, or 0 for none`,
      );
});

test("who is ready can be chosen, where somebody can ask", () => {
  assert.deepEqual(parsed([flag, ":1", "--ready-when", "leading"]), {
    probes: "* 1",
    metrics: null,
    readyWhen: "leading",
  });
  assert.equal(
    parsed([flag, ":1", "--ready-when", "running"]),
    '--ready-when "running" is not known; give standby or leading',
  );
  const alone = `--ready-when was given, but nobody can ask whether we are ready; add ${flag} :8081, or leave --ready-when out`;
  assert.equal(parsed(["--ready-when", "leading"]), alone);
  assert.deepEqual(parsed([], { LEADER_EXEC_READY_WHEN: "leading" }), {
    probes: null,
    metrics: null,
    readyWhen: "leading",
  });
});

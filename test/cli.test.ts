import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommandLine } from "../src/cli.ts";
import { flags, termOf, variableOf } from "../src/flags.ts";
import type { Options } from "../src/options.ts";

type Environment = Readonly<Record<string, string>>;

function options(words: string, env: Environment = {}): Options {
  const parsed = parseCommandLine(words.split(" "), env);
  assert.equal(parsed.kind, "run", JSON.stringify(parsed));
  return (parsed as typeof parsed & { kind: "run" }).options;
}

function refusal(words: string, env: Environment = {}): string {
  const parsed = parseCommandLine(words === "" ? [] : words.split(" "), env);
  assert.equal(parsed.kind, "usage-error", `${words} must be refused`);
  return (parsed as typeof parsed & { kind: "usage-error" }).message;
}

const on = "--enable-leader-election";

void test("everything behind the first -- is the command's, byte for byte", () => {
  const parsed = parseCommandLine([on, "--", "node", "--help", "", "--", "-v", "a b", "--lease-name=x"], {});
  assert.ok(parsed.kind === "run");
  assert.deepEqual(parsed.options.command, ["node", "--help", "", "--", "-v", "a b", "--lease-name=x"]);
});

void test("election is opt-in, by the flag, its aliases or its variable", () => {
  assert.equal(options("-- a").election, false);
  for (const flag of ["--enable-leader-election", "--leader-elect", "--leader-election"]) {
    assert.equal(options(`${flag} -- a`).election, true);
    assert.equal(options(`${flag}=true -- a`).election, true);
    assert.equal(options(`${flag}=false -- a`).election, false);
  }
  assert.equal(options("-- a", { LEADER_EXEC_ENABLE_LEADER_ELECTION: "true" }).election, true);
  assert.equal(options("-- a", { LEADER_EXEC_ENABLE_LEADER_ELECTION: "" }).election, false);
});

void test("a forgotten --enable-leader-election is refused when any election flag is given", () => {
  const election = flags.filter((flag) => flag.election);
  assert.ok(election.length > 8);
  const times = { "lease-duration": "15s", "renew-deadline": "10s" };
  const values: Record<string, string> = { "lease-store": "file:/x", "label-pod": "a=b", ...times };
  for (const { name, value: term } of election) {
    const value = term === null ? "" : (values[name] ?? "1");
    const given = `--${name}${value && ` ${value}`}`;
    // Refused for their own reason first: there is no conflict, no record and no schedule that they could mean.
    if (["conflict-exit-code", "once-ttl", "time-zone", "catch-up"].includes(name)) continue;
    const message = refusal(`${given} -- a`);
    assert.match(message, new RegExp(`^--${name} was given but leader election is off; add --enable-leader-election`));
    // Run directly, the command of a schedule would run at once, and again whenever something restarts it.
    if (name === "schedule") assert.match(refusal(`${given} --enable-leader-election=false -- a`), /kept on the Lease/);
    else assert.equal(options(`${given} --enable-leader-election=false -- a`).election, false);
  }
  assert.match(refusal("-- a", { LEADER_EXEC_LEASE_NAME: "x" }), /^LEADER_EXEC_LEASE_NAME was given/);
});

void test("every flag has an environment variable, and the flag wins", () => {
  const env = { LEADER_EXEC_LEASE_NAME: "from-env", LEADER_EXEC_LEASE_DURATION: "30s", LEADER_EXEC_KILL_AFTER: "" };
  const read = options(`${on} --lease-name from-flag -- a`, env);
  assert.equal(read.leaseName, "from-flag");
  assert.equal(read.timing.leaseDuration, 30_000);
  assert.equal(read.timing.renewDeadline, 20_000);
  assert.equal(read.timing.killAfter, 3_000);
  assert.match(
    refusal(`${on} -- a`, { LEADER_EXEC_LEASE_DURATION: "soon" }),
    /^LEADER_EXEC_LEASE_DURATION "soon" is no/,
  );
});

void test("variables that a Service called leader-exec injects mean nothing", () => {
  const injected = { LEADER_EXEC_SERVICE_HOST: "10.0.0.1", LEADER_EXEC_PORT: "tcp://10.0.0.1:80", LEADER_EXEC_X: "y" };
  assert.equal(options("-- a", injected).election, false);
  for (const flag of flags) assert.doesNotMatch(variableOf(flag), /PORT|SERVICE/);
});

void test("the flags of kube-controller-manager are understood", () => {
  const read = options(
    "--leader-elect --leader-elect-resource-name job --leader-elect-resource-namespace ns --leader-elect-lease-duration 30s --leader-elect-renew-deadline=20s --leader-elect-retry-period 4s -- a",
  );
  assert.deepEqual([read.leaseName, read.leaseNamespace], ["job", "ns"]);
  const { leaseDuration, renewDeadline, retryPeriod } = read.timing;
  assert.deepEqual([leaseDuration, renewDeadline, retryPeriod], [30_000, 20_000, 4_000]);
});

void test("short flags work alone and in clusters, and the last one of several wins", () => {
  const read = options(`${on} -vn ns -s int -k 1s --namespace other -- a`);
  assert.deepEqual(
    [read.leaseNamespace, read.stopSignal, read.logLevel, read.timing.killAfter],
    ["other", "SIGINT", "debug", 1_000],
  );
});

void test("a stop signal that is given replaces a SIGTERM, the usual one does not", () => {
  assert.deepEqual(
    [options("-s QUIT -- a").stopSignal, options("-s QUIT -- a").stopSignalReplacesTerm],
    ["SIGQUIT", true],
  );
  assert.equal(options("-s 2 -- a").stopSignal, "SIGINT");
  assert.deepEqual([options("-- a").stopSignal, options("-- a").stopSignalReplacesTerm], ["SIGTERM", false]);
});

void test("jobs that wait for a limited time say less, unless they are asked for more", () => {
  assert.equal(options(`${on} -- a`).logLevel, "info");
  for (const words of ["-w 5", "--nonblock", "--wait 0"]) assert.equal(options(`${on} ${words} -- a`).logLevel, "warn");
  assert.equal(options(`${on} --nonblock -v -- a`).logLevel, "debug");
  assert.equal(options(`${on} --nonblock -q -- a`).logLevel, "error");
});

void test("a schedule excludes what has no meaning beside it, and what means nothing without it is refused", () => {
  const daily = `${on} --schedule @daily`;
  const { schedule } = options(`${daily} --time-zone Europe/Berlin --catch-up last --max-run 5m -- a`).job;
  assert.deepEqual(schedule, {
    expression: { by: "--schedule", text: "@daily" },
    timeZone: { by: "--time-zone", text: "Europe/Berlin" },
    catchUp: "last",
  });
  assert.equal(options(`${daily} -- a`).job.schedule?.catchUp, "none");
  assert.equal(options(`${on} -- a`, { LEADER_EXEC_SCHEDULE: "@daily" }).job.schedule?.expression.text, "@daily");
  assert.equal(options(`${on} -- a`, { LEADER_EXEC_TIME_ZONE: "UTC" }).job.schedule, null);
  assert.match(
    refusal(`${daily} --hold-at-least 50s -- a`),
    /^--hold-at-least .* --schedule runs .*leave one of the two out$/,
  );
  assert.match(refusal(`${daily} --catch-up all -- a`), /^--catch-up "all" is not known; give none or last$/);
  for (const alone of ["--time-zone UTC", "--catch-up last"])
    assert.match(refusal(`${on} ${alone} -- a`), new RegExp(`^${alone.split(" ")[0]} was given, but no --schedule`));
});

void test("coordinated leader election: what was given, what follows from it, and what contradicts it", () => {
  const given = (words: string) => options(`${on} ${words} -- a`).coordinated;
  const first = { mode: "auto", binaryVersion: "1.2.3", emulationVersion: "1.2.3", strategy: "OldestEmulationVersion" };
  assert.equal(given("--lease-name x"), null);
  assert.equal(given("--coordinated=never"), null);
  assert.deepEqual(given("--coordinated --candidate-version 1.2.3"), first);
  assert.deepEqual(
    given("--coordinated=always --candidate-version 1.2.3-rc.1+b --emulation-version 1.1.0 --strategy a.io/X"),
    {
      mode: "always",
      binaryVersion: "1.2.3-rc.1+b",
      emulationVersion: "1.1.0",
      strategy: "a.io/X",
    },
  );
  assert.deepEqual(
    given("--coordinated --candidate-version 1.10.0 --emulation-version 1.9.0")?.emulationVersion,
    "1.9.0",
  );
  const timing = options(`${on} --coordinated --candidate-version 1.2.3 -- a`).timing;
  assert.ok(timing.renewDeadline + timing.killAfter + 1_500 <= 0.99 * (timing.leaseDuration - 1_500));
  const refused: readonly (readonly [string, RegExp])[] = [
    ["--coordinated", /^--coordinated needs the version .* add --candidate-version/],
    [
      "--coordinated --candidate-version v1.2.3",
      /^--candidate-version "v1.2.3" is no semantic version .* for example 1.2.3$/,
    ],
    ["--coordinated --candidate-version 1.2", /for example 1.2.0$/],
    ["--coordinated --candidate-version 1.2.03", /for example 1.2.3$/],
    ["--coordinated --candidate-version 0.0.0", /counts as no version/],
    [
      "--coordinated --candidate-version 1.2.3 --emulation-version 1.3.0",
      /^--emulation-version "1.3.0" is higher than --candidate/,
    ],
    ["--coordinated --candidate-version 1.2.3-rc.1 --emulation-version 1.2.3", /is higher than/],
    ["--coordinated --candidate-version 1.2.3 --strategy Newest", /^--strategy "Newest" is no strategy/],
    ["--coordinated --candidate-version 1.2.3 --lease-store file:/x", /has none; leave one of the two out/],
    ["--coordinated --candidate-version 1.2.3 --wait 5s", /^--wait gives up/],
    ["--coordinated --candidate-version 1.2.3 --nonblock", /^--nonblock does not wait/],
    ["--coordinated --candidate-version 1.2.3 --hold-at-least 5s", /^--hold-at-least is a pause/],
    ["--coordinated --candidate-version 1.2.3 --lease-duration 5s", /at least 6s are needed with --coordinated/],
    [
      "--coordinated --candidate-version 1.2.3 --renew-deadline 10s --kill-after 3s",
      /without 1.5s for the server's clock .*working values/,
    ],
    ["--coordinated=maybe --candidate-version 1.2.3", /^--coordinated "maybe" is not known/],
    ["--candidate-version 1.2.3", /^--candidate-version was given, but no --coordinated/],
  ];
  for (const [words, message] of refused) assert.match(refusal(`${on} ${words} -- a`), message);
  const inVariables = { LEADER_EXEC_COORDINATED: "true", LEADER_EXEC_CANDIDATE_VERSION: "1.2.3" };
  assert.deepEqual(options(`${on} -- a`, inVariables).coordinated, first);
  assert.equal(options(`${on} -- a`, { LEADER_EXEC_CANDIDATE_VERSION: "1.2.3" }).coordinated, null);
});

void test("--wait 0 is --nonblock, and a flag wins over the variable of its rival", () => {
  const { job } = options(`${on} -w 1m30s -E 0 --hold-at-least 50s --max-run 10m -- a`);
  assert.deepEqual(job, {
    wait: 90_000,
    conflictExitCode: 0,
    conflictExpected: true,
    holdAtLeast: 50_000,
    maxRun: 600_000,
    once: null,
    schedule: null,
  });
  const { job: usual } = options(`${on} -- a`);
  assert.deepEqual(usual, {
    wait: null,
    conflictExitCode: 1,
    conflictExpected: false,
    holdAtLeast: 0,
    maxRun: Infinity,
    once: null,
    schedule: null,
  });
  for (const words of ["--nonblock", "-w 0", "--nonblock --wait 0s", "--nonblock --wait 0"])
    assert.equal(options(`${on} ${words} -- a`).job.wait, 0);
  assert.equal(options(`${on} --nonblock -- a`, { LEADER_EXEC_WAIT: "5s" }).job.wait, 0);
  assert.equal(options(`${on} --wait 5s -- a`, { LEADER_EXEC_NONBLOCK: "true" }).job.wait, 5_000);
  assert.equal(options(`${on} -- a`, { LEADER_EXEC_CONFLICT_EXIT_CODE: "0" }).job.wait, null);
  assert.equal(options("--max-run 0 -- a").job.maxRun, Infinity);
});

void test("--once takes any text as its key, and --once-ttl only means something with it", () => {
  assert.deepEqual(options(`${on} --once schema/42 -- a`).job.once, { key: "schema/42", ttl: Infinity });
  const env = { LEADER_EXEC_ONCE: "schema 42: the \u00fcnder table", LEADER_EXEC_ONCE_TTL: "24h" };
  assert.deepEqual(options(`${on} -- a`, env).job.once, { key: env.LEADER_EXEC_ONCE, ttl: 86_400_000 });
  assert.equal(options(`${on} -- a`, { LEADER_EXEC_ONCE_TTL: "24h" }).job.once, null);
  assert.equal(options("--enable-leader-election=false --once x -- a").job.once?.key, "x");
});

void test("a subcommand is the first operand before --, with a run's flags on either side", () => {
  const question = (words: string) => {
    const parsed = parseCommandLine(words.split(" "), {});
    assert.equal(parsed.kind, "ask", words);
    return [parsed.subcommand, parsed.words.join(" "), parsed.command, parsed.help];
  };
  assert.deepEqual(question("status"), ["status", "", null, false]);
  assert.deepEqual(question("-n jobs status a -o json"), ["status", "-n jobs a -o json", null, false]);
  assert.deepEqual(question("--lease-name status status"), ["status", "--lease-name status", null, false]);
  assert.deepEqual(question("status a --help"), ["status", "a", null, true]);
  assert.deepEqual(question("-h status -- b --help"), ["status", "", ["b", "--help"], true]);
  assert.deepEqual(question("help status"), ["help", "status", null, false]);
  assert.equal(options(`${on} --lease-name status -- status`).leaseName, "status");
  assert.equal(options(`-- status`).election, false);
});

void test("a flag is suggested to who mistakes up to three of its letters", () => {
  const long = flags.map(({ name }) => name).filter((name) => name.length >= 10);
  const slips: readonly ((name: string) => string)[] = [
    (name) => `${name.slice(0, 4)}${name.slice(5)}`,
    (name) => `${name.slice(0, 5)}${name.slice(6, 7)}${name.slice(5, 6)}${name.slice(7)}`,
    (name) => `${name}qqq`,
    (name) => `qq${name.slice(0, -3)}q${name.slice(-2)}`,
  ];
  for (const name of long)
    for (const slipped of slips.map((slip) => slip(name)).filter((each) => each !== name)) {
      const message = refusal(`--${slipped} x -- a`);
      assert.match(message, new RegExp(`did you mean .*--${name}\\b`), `${slipped}: ${message}`);
    }
});

const refusals: readonly (readonly [words: string, message: RegExp])[] = [
  ["", /^no command was given; put it behind --: leader-exec/],
  ["--", /^no command was given/],
  [`${on} --`, /^no command was given/],
  ["node worker.js", /^"node" is no flag: put -- before the command: leader-exec \.\.\. -- node worker\.js$/],
  [`${on} node worker.js`, /^"node" is no flag: put -- before the command/],
  [`${on} true -- a`, /^"true" is no flag: a switch takes its value behind = alone \(.*=true\), and a command stands/],
  [`${on} node --inspect worker.js`, /^"node" is no flag: put -- before the command/],
  ["-v node", /^"node" is no flag/],
  ["statsu", /^"statsu" is no flag: put -- before the command: .*; or did you mean leader-exec status\?$/],
  ["version", /^"version" is no flag: .*; or did you mean leader-exec --version\?$/],
  ["--watch status", /^--watch is no flag of leader-exec alone; put it .*: leader-exec status --watch$/],
  ["--lease-nmae x -- a", /^--lease-nmae is no flag of leader-exec; did you mean --lease-name\?$/],
  ["-z -- a", /^-z is no flag of leader-exec; see leader-exec --help$/],
  ["--lease-name", /^--lease-name needs a value/],
  ["--lease-name -- a", /^--lease-name needs a value/],
  ["--lease-name --kubeconfig -- a", /^--lease-name needs a value, and --kubeconfig is a flag/],
  [`--lease-name ${on} -- a`, /^--lease-name needs a value, and --enable-leader-election=true is a flag/],
  [`${on}=maybe -- a`, /^--enable-leader-election "maybe" is neither true nor false/],
  [`${on} --lease-duration 0 -- a`, /^--lease-duration 0s is too short/],
  [`${on} --lease-duration abc -- a`, /^--lease-duration "abc" is no duration; give a duration such as 15s/],
  [`${on} --lease-duration 1.5s -- a`, /^--lease-duration 1.5s is not a whole number of seconds/],
  [`${on} --lease-duration -3s -- a`, /^--lease-duration "-3s" is no duration/],
  [`${on} --renew-deadline 20s -- a`, /^--renew-deadline 20s must be shorter/],
  [`${on} --lease-name My_Job -- a`, /^--lease-name "My_Job" is not a name that Kubernetes takes.*for example my-job$/],
  [`${on} --lease-name ${"x".repeat(254)} -- a`, /at most 253 characters/],
  [`${on} --lease-name .. -- a`, /is not a name that Kubernetes takes/],
  [`${on} -n a/../b -- a`, /^-n "a\/\.\.\/b" is not a name/],
  [`${on} -n a.b -- a`, /^-n "a\.b" is not a name/],
  [`${on} --identity= -- a`, /^--identity is empty; give it a value, or leave it out/],
  [`${on} --identity a\tb -- a`, /^--identity "a\tb" is no identity/],
  [`${on} --lease-store redis -- a`, /^--lease-store "redis" is no lease store; give kubernetes, or file:/],
  [`${on} --lease-store file: -- a`, /^--lease-store "file:" is no lease store/],
  [`${on} --lease-store file:~/x -- a`, /^--lease-store "file:~\/x" means a folder .*; write file:\$HOME\/x$/],
  [`${on} --lease-store file:/x --context c -- a`, /^--context was given but --lease-store file:DIR uses no cluster/],
  [`${on} --lost-exit-code 256 -- a`, /^--lost-exit-code "256" is no exit code; give a number from 0 to 255/],
  [`${on} --guard maybe -- a`, /^--guard "maybe" is not known; give on or off/],
  ["--stop-signal STOP -- a", /^--stop-signal "STOP" cannot end a command/],
  ["-s 99 -- a", /^-s "99" is no signal of this system/],
  ["-q -v -- a", /exclude each other/],
  [`${on} --nonblock --wait 5s -- a`, /^--nonblock does not wait, and --wait 5s does; give one of the two$/],
  [`${on} -w 5 --nonblock -- a`, /^--nonblock does not wait, and -w 5 does/],
  [`${on} -E 0 -- a`, /^-E was given, but without --wait or --nonblock the candidate waits for ever/],
  [`${on} -w soon -- a`, /^-w "soon" is no duration/],
  [`${on} --nonblock -E x -- a`, /^-E "x" is no exit code/],
  [`${on} --max-run -1 -- a`, /^--max-run "-1" is no duration/],
  [
    `${on} -n Backup.sh -- a`,
    /^-n "Backup.sh" is not a name.*; -n is the namespace; a run that tries once has --nonblock$/,
  ],
  [`${on} -n -- a`, /^-n needs a value.*; -n is the namespace; a run that tries once has --nonblock$/],
  [
    `${on} -n -E 0 -- a`,
    /^-n needs a value, and -E is a flag.*; -n is the namespace; a run that tries once has --nonblock$/,
  ],
  [`${on} --once= -- a`, /^--once is empty; give it a value, or leave it out$/],
  [`${on} --once a\tb -- a`, /^--once "a\tb" is no key: it may have 200 characters at most, and no line ends/],
  [`${on} --once ${"x".repeat(201)} -- a`, /^--once "x+" is no key/],
  [`${on} --once x --once-ttl 0 -- a`, /^--once-ttl "0" is no time at all/],
  [`${on} --once x --once-ttl soon -- a`, /^--once-ttl "soon" is no duration/],
  [
    `${on} --once-ttl 24h -- a`,
    /^--once-ttl was given, but without --once nothing is recorded.*; add --once KEY, or leave/,
  ],
  [`${on} --once x --lost-exit-code 0 -- a`, /^--lost-exit-code 0 and --once contradict each other/],
  ["--once x -- a", /^--once was given but leader election is off/],
  ["--log-format xml -- a", /^--log-format "xml" is not known; give text or json/],
];

for (const [words, message] of refusals)
  void test(`refused: leader-exec ${words.length > 80 ? `${words.slice(0, 80)}...` : words}`, () => {
    assert.match(refusal(words), message);
    assert.doesNotMatch(refusal(words), /\n/);
  });

void test("--help shows every flag with its default, the exit codes and an example; -- ends what is looked at", () => {
  const help = parseCommandLine(["--help"], {});
  assert.ok(help.kind === "text");
  const { text } = help;
  const flat = text.replace(/\s+/g, " ");
  for (const flag of flags)
    assert.ok(flat.includes(`${termOf(flag)} ${flag.help} (default: ${flag.fallback})`), flag.name);
  for (const code of ["128+n", "126", "127", "124", "125", "64", "75", "1"])
    assert.match(text, new RegExp(`^ {2}${code.replace("+", "\\+")} `, "m"));
  assert.ok(text.split("\n").every((line) => line.length <= 100));
  assert.equal(options("-- a --help").command[1], "--help");
});

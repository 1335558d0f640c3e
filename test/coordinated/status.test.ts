import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { documentedRules, until } from "../lab/index.ts";
import { answerOf } from "../support/subcommand.ts";
import { Fleet } from "./fleet.ts";
import { describeCoordinated } from "./served.ts";

interface Told {
  readonly holder: string | null;
  readonly strategy: string | null;
  readonly preferredHolder: string | null;
  readonly candidates: readonly { readonly name: string; readonly emulationVersion: string }[] | null;
  readonly candidatesMessage: string | null;
}

await describeCoordinated("status of a coordinated election", (room) => {
  async function status(t: TestContext, fleet: Fleet, form: string) {
    const kubeconfig = await fleet.user.kubeconfig();
    return answerOf(t, ["status", fleet.lease, "--kubeconfig", kubeconfig, "-n", fleet.namespace, "-o", form]);
  }
  const json = async (t: TestContext, fleet: Fleet): Promise<Told> =>
    JSON.parse((await status(t, fleet, "json")).stdout) as Told;

  test("it shows strategy, candidates and their versions, whom the server prefers, and what a missing right hides", async (t) => {
    const fleet = await Fleet.open(t, room());
    const slow = { env: { PROBE_CLEANUP: "4000" }, args: ["--termination-grace-period", "10s"] };
    const first = await fleet.coordinated("first", "1.1.0", slow);
    await fleet.leads("first");
    const second = await fleet.coordinated("second", "1.1.0", { args: ["--emulation-version", "1.0.0"] });
    await fleet.registered(2);
    const asked = await until("preferred", async () => {
      const told = await json(t, fleet);
      return told.preferredHolder !== null && told;
    });
    assert.match(asked.preferredHolder ?? "", /^second/);
    const screen = await status(t, fleet, "wide");
    t.diagnostic(`\n${screen.stdout}`);
    assert.match(screen.stdout, /make way for second/);
    assert.match(
      screen.stdout,
      /\nsecond\S+ +1\.1\.0 +1\.0\.0 +OldestEmulationVersion .* preferred\nfirst.* holder\n$/,
    );
    assert.equal(screen.code, 0);
    await fleet.leads("second");
    const led = await json(t, fleet);
    assert.deepEqual([led.strategy, led.candidatesMessage], ["OldestEmulationVersion", null]);
    assert.ok(led.candidates?.some(({ name }) => name === led.holder));
    await fleet.user.role.set(documentedRules(fleet.lease));
    const hidden = await until("the right is gone", async () => {
      const told = await json(t, fleet);
      return told.candidates === null && told;
    });
    assert.match(hidden.candidatesMessage ?? "", /not list leasecandidates/);
    const note = await status(t, fleet, "table");
    assert.match(note.stdout, /\njob: its candidates are not known: we may not list leasecandidates/);
    assert.equal(note.code, 0);
    for (const each of [first, second]) each.kill("SIGTERM");
    for (const each of [first, second]) await each.code();
  });

  test("two strategies: it says that nobody is elected, and whose strategies differ", async (t) => {
    const fleet = await Fleet.open(t, room());
    const first = await fleet.coordinated("first", "1.0.0", { args: ["--strategy", "example.com/other"] });
    const second = await fleet.coordinated("second", "1.0.0");
    await fleet.registered(2);
    const screen = await status(t, fleet, "table");
    t.diagnostic(`\n${screen.stdout}`);
    assert.match(screen.stdout, /job: the server elects nobody, because .* first\S* for example\.com\/other, second/);
    for (const each of [first, second]) each.kill("SIGTERM");
    for (const each of [first, second]) await each.code();
  });
});

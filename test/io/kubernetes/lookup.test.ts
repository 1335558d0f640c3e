import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { test } from "node:test";
import { sharedLookup } from "../../../src/io/https-lookup.ts";

type Done = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** A look-up whose answers the test gives, and what it was asked so far. */
function byHand() {
  const asked: Done[] = [];
  const lookup = sharedLookup((_hostname, _options, done) => asked.push(done));
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      lookup("api.example", { all: true }, (error, addresses) => {
        if (error) reject(error);
        else resolve((addresses as LookupAddress[]).map(({ address }) => address).join());
      });
    });
  return { asked, ask, lookup };
}

const at = (address: string): LookupAddress[] => [{ address, family: 4 }];
const broken: NodeJS.ErrnoException = Object.assign(new Error("broken"), { code: "EAI_AGAIN" });

test("one look-up serves all who ask while it runs", async () => {
  const { asked, ask } = byHand();
  const answers = [ask(), ask(), ask()];
  assert.equal(asked.length, 1);
  asked[0]?.(null, at("10.0.0.1"));
  assert.deepEqual(await Promise.all(answers), ["10.0.0.1", "10.0.0.1", "10.0.0.1"]);
  const next = ask();
  asked[1]?.(null, at("10.0.0.2"));
  assert.equal(await next, "10.0.0.2", "each new one looks again");
});

test("when name resolution fails or hangs, the addresses known before are used", async () => {
  const { asked, ask } = byHand();
  const first = ask();
  asked[0]?.(broken, []);
  await assert.rejects(first, { code: "EAI_AGAIN" });
  const second = ask();
  asked[1]?.(null, at("10.0.0.1"));
  assert.equal(await second, "10.0.0.1");
  const third = ask();
  asked[2]?.(broken, []);
  assert.equal(await third, "10.0.0.1");
  assert.deepEqual(await Promise.all([ask(), ask()]), ["10.0.0.1", "10.0.0.1"], "it never answers");
  assert.equal(asked.length, 4);
});

test("whoever asks for one address gets one", async () => {
  const { asked, lookup } = byHand();
  const answer = new Promise((resolve) => {
    lookup("api.example", {}, (_, address, family) => resolve([address, family]));
  });
  asked[0]?.(null, [...at("10.0.0.1"), ...at("10.0.0.2")]);
  assert.deepEqual(await answer, ["10.0.0.1", 4]);
});

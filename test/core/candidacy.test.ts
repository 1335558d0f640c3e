import assert from "node:assert/strict";
import { test } from "node:test";
import { candidacyStep, candidacyWake, newCandidacy } from "../../src/core/candidacy.ts";
import type {
  AskAnswer,
  Candidacy,
  CandidacyEffect,
  CandidacyEvent,
  CandidacyTurn,
  Profile,
  StoredCandidate,
} from "../../src/core/candidacy-types.ts";
import type { Millis } from "../../src/core/types.ts";
import { epoch } from "../support/core.ts";

const profile: Profile = {
  identity: "me",
  lease: "job",
  binaryVersion: "1.1.0",
  emulationVersion: "1.1.0",
  strategy: "OldestEmulationVersion",
  mode: "auto",
  offsetLimit: 3_000,
};

const micros = (at: Millis): number => (epoch + at) * 1000;
const candidate = (version: string, renewedAt: Millis, pingedAt: Millis | null = null): StoredCandidate => ({
  version,
  renewTime: micros(renewedAt),
  pingTime: pingedAt === null ? null : micros(pingedAt),
  object: null,
});
const failed = { kind: "failed", reason: "timeout", message: "no answer" } as const;
const forbidden = { kind: "failed", reason: "forbidden", message: "not allowed" } as const;
const unserved = { kind: "unserved", message: "no such API" } as const;
const tick: CandidacyEvent = { kind: "tick" };
const answered = (id: number, answer: AskAnswer): CandidacyEvent => ({ kind: "answered", id, answer });
const stored = (id: number, what: StoredCandidate, serverTime?: Millis): CandidacyEvent =>
  answered(id, { kind: "stored", candidate: what, ...(serverTime === undefined ? {} : { serverTime }) });
const wish = (what: "register" | "withdraw" | "leave"): CandidacyEvent => ({ kind: "wish", wish: what });
const turn = (at: Millis, mode: Profile["mode"] = "auto"): CandidacyTurn => ({
  at,
  wall: epoch + at,
  profile: { ...profile, mode },
});

type Step = readonly [Millis, CandidacyEvent];
type Stepped = [Candidacy, readonly CandidacyEffect[]];

function play(from: Candidacy, steps: readonly Step[], mode: Profile["mode"] = "auto"): Stepped {
  let [state, effects]: Stepped = [from, []];
  for (const [at, event] of steps) [state, effects] = candidacyStep(state, event, turn(at, mode));
  return [state, effects];
}

const begin = (mode: Profile["mode"] = "auto"): Candidacy => newCandidacy(turn(0, mode));
const asked = (effects: readonly CandidacyEffect[]): string =>
  effects.map((effect) => (effect.kind === "ask" ? effect.ask.kind : effect.kind)).join(", ");

/** Served, and made at 20; id 2 was the create. */
const made: readonly Step[] = [
  [0, tick],
  [10, answered(1, { kind: "served", api: "v1beta1" })],
  [20, stored(2, candidate("5", 10))],
];
const registered = (): Candidacy => play(begin(), made)[0];

void test("it asks what is served, registers, watches, and says so", () => {
  assert.equal(asked(play(begin(), made.slice(0, 1))[1]), "discover");
  assert.equal(asked(play(begin(), made.slice(0, 2))[1]), "create");
  const [state, effects] = play(begin(), made);
  assert.equal(asked(effects), "tell, watch");
  assert.deepEqual(state.elector, { kind: "server", heardAt: 20, standIn: true });
});

void test("a ping is answered at once, with a time that is not before it, and proves that a controller is at work", () => {
  const ping = candidate("6", 10, 8_000);
  const [state, effects] = play(registered(), [[6_000, { kind: "watched", candidate: ping }]]);
  const [effect] = effects;
  assert.ok(effect?.kind === "ask" && effect.ask.kind === "update");
  assert.equal(effect.ask.renewTime, micros(8_000) + 1, "our clock is behind the server's");
  assert.ok(effect.deadline <= 6_000 + 5_000);
  assert.ok(state.elector.kind === "server" && state.elector.heardAt === 6_000);
});

void test("an answer that conflicts is tried again on what is read; one that is lost, soon", () => {
  const pinged = play(registered(), [[6_000, { kind: "watched", candidate: candidate("6", 10, 6_000) }]])[0];
  const id = pinged.request?.id ?? 0;
  const [read, asks] = play(pinged, [[6_010, answered(id, { kind: "conflict" })]]);
  assert.equal(asked(asks), "read");
  assert.equal(asked(play(read, [[6_020, stored(id + 1, candidate("7", 10, 6_000))]])[1]), "update");
  const lost = play(pinged, [[8_000, answered(id, failed)]])[0];
  assert.ok(candidacyWake(lost) <= 8_200);
  assert.equal(asked(play(lost, [[8_200, tick]])[1]), "update");
});

void test("it renews every five minutes, and looks when nothing was told for long, or nothing can be", () => {
  const listed = play(registered(), [
    [2_020, tick],
    [2_030, answered(3, { kind: "rivals", rivals: [] })],
  ])[0];
  assert.equal(asked(play({ ...listed, listAt: Infinity, lookAt: Infinity }, [[300_020, tick]])[1]), "update");
  assert.equal(asked(play({ ...listed, listAt: Infinity }, [[30_020, tick]])[1]), "read");
  const blind = play({ ...listed, listAt: Infinity }, [[3_000, { kind: "watch-ended", reason: "forbidden" }]])[0];
  const read = play(blind, [[3_010, stored(blind.request?.id ?? 0, candidate("5", 10))]])[0];
  assert.ok(candidacyWake(read) <= 3_010 + 2_500);
});

void test("a look that finds what the watch did not tell opens it anew", () => {
  const looking = play({ ...registered(), listAt: Infinity }, [[30_020, tick]])[0];
  const [, effects] = play(looking, [[30_030, stored(looking.request?.id ?? 0, candidate("9", 10))]]);
  assert.equal(asked(effects), "watch");
});

void test("a LeaseCandidate that a hand deletes is made anew, and told", () => {
  const told = play({ ...registered(), listAt: Infinity }, [[100, { kind: "watched-deletion" }]]);
  assert.equal(asked(told[1]), "read");
  const [, effects] = play(told[0], [[110, answered(told[0].request?.id ?? 0, { kind: "missing" })]]);
  assert.equal(asked(effects), "unwatch, tell, create");
});

void test("a create that was never answered is read when the next one meets it", () => {
  const lost = play(begin(), [...made.slice(0, 2), [2_010, answered(2, failed)], [2_300, tick]])[0];
  const [met, asks] = play(lost, [[2_310, answered(3, { kind: "conflict" })]]);
  assert.equal(asked(asks), "read");
  assert.equal(asked(play(met, [[2_320, stored(4, candidate("5", 10))]])[1]), "tell, watch");
});

const helpless: readonly (readonly [string, readonly Step[]])[] = [
  ["not served", [made[0] as Step, [10, answered(1, unserved)]]],
  ["forbidden", [...made.slice(0, 2), [20, answered(2, forbidden)]]],
  ["served no more", [...made, [300_020, tick], [300_030, answered(3, unserved)]]],
  [
    "the clock is off",
    [made[0] as Step, [10, answered(1, { kind: "served", api: "v1beta1", serverTime: epoch + 5_000 })]],
  ],
];
for (const [what, steps] of helpless) {
  void test(`${what}: auto elects the plain way, always waits; both say so once, and try again later`, () => {
    const [auto, effects] = play(begin(), steps);
    assert.deepEqual(auto.elector, { kind: "ourselves" });
    assert.equal(effects.filter(({ kind }) => kind === "tell").length, 1);
    assert.ok(candidacyWake(auto) > 20_000);
    const [always] = play(begin("always"), steps, "always");
    const { elector } = always;
    assert.ok(elector.kind === "none");
    assert.equal(elector.hopeless, what !== "served no more");
    const [, later] = play(auto, [[600_000, tick]]);
    assert.match(asked(later), /^(discover|create)$/);
  });
}

void test("a clock that goes wrong later takes the candidacy back; once it is right we register again", () => {
  const renewing = play({ ...registered(), listAt: Infinity, lookAt: Infinity }, [[300_020, tick]])[0];
  const off = stored(renewing.request?.id ?? 0, candidate("6", 300_020), epoch + 305_000);
  const [state, effects] = play(renewing, [[300_030, off]]);
  assert.equal(asked(effects), "tell, delete");
  const away = play(state, [[300_040, answered(state.request?.id ?? 0, { kind: "deleted" })]]);
  assert.equal(asked(away[1]), "unwatch, discover");
  const right: AskAnswer = { kind: "served", api: "v1beta1", serverTime: epoch + 300_000 };
  assert.equal(asked(play(away[0], [[300_050, answered(away[0].request?.id ?? 0, right)]])[1]), "create");
});

void test("a clock that stays near the limit is told once, and takes part again when it is nearer by a second", () => {
  const served = (offset: Millis): AskAnswer => ({ kind: "served", api: "v1beta1", serverTime: epoch + offset });
  const told: string[] = [];
  let [state] = play(begin(), made.slice(0, 1));
  for (const [index, offset] of [2_600, 2_300, 2_700, 1_600, 2_550, 1_400].entries()) {
    const at = index * 30_000;
    const { id = 0 } = state.request ?? {};
    const [next, effects] = play({ ...state, request: { id, kind: "discover", sentAt: at } }, [
      [at, answered(id, served(at + offset))],
    ]);
    told.push(asked(effects));
    [state] = next.request === null ? play(next, [[at + 30_000, tick]]) : [next];
  }
  assert.deepEqual(told, ["tell", "", "", "", "", "create"]);
});

/** Registered; a ping came, and the answer to it (id 3) is not allowed. */
const barred = (registeredAs: Candidacy, at: Millis): Stepped => {
  const pinged = play(registeredAs, [[at, { kind: "watched", candidate: candidate(`${at}`, 10, at) }]])[0];
  return play(pinged, [[at + 5, answered(pinged.request?.id ?? 0, forbidden)]]);
};

void test("who may not renew its LeaseCandidate takes it back, says so once, and registers again later and later", () => {
  let state = registered();
  let [at, told] = [6_000, 0];
  for (const rest of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
    const [going, effects] = barred(state, at);
    told += effects.filter(({ kind }) => kind === "tell").length;
    assert.match(asked(effects), /delete$/);
    assert.deepEqual(going.elector, { kind: "ourselves" });
    const [gone, end] = play(going, [[at + 10, answered(going.request?.id ?? 0, { kind: "deleted" })]]);
    assert.equal(asked(end), "unwatch");
    assert.equal(candidacyWake(gone), at + 10 + rest);
    at += 10 + rest;
    const [creating, asks] = play(gone, [[at, tick]]);
    assert.equal(asked(asks), "create");
    const [again, news] = play(creating, [[at, stored(creating.request?.id ?? 0, candidate("7", 10))]]);
    assert.equal(asked(news), "watch");
    state = again;
  }
  assert.equal(told, 1);
});

void test("who may not take its LeaseCandidate back either tries once, and says what that costs", () => {
  const [going] = barred(registered(), 6_000);
  const [gone, effects] = play(going, [[6_010, answered(going.request?.id ?? 0, forbidden)]]);
  assert.equal(asked(effects), "tell, unwatch");
  const [effect] = effects;
  assert.ok(effect?.kind === "tell");
  assert.match(
    effect.line.message,
    /^not allowed; until our LeaseCandidate is deleted the server may elect it, and waits 5 s/,
  );
  assert.equal(candidacyWake(gone), 36_010);
  const leaving = play(registered(), [[100, wish("leave")]])[0];
  assert.equal(asked(play(leaving, [[110, answered(3, forbidden)]])[1]), "tell, unwatch, left");
  const withdrawing = play(going, [[6_006, wish("withdraw")]])[0];
  const end = play(withdrawing, [[6_010, answered(going.request?.id ?? 0, { kind: "deleted" })]])[0];
  assert.deepEqual([end.elector.kind, candidacyWake(end)], ["withdrawn", Infinity]);
});

void test("withdrawn: deleted, and nothing more; registered again: a new one, also when the old one is not gone yet", () => {
  const [going, asks] = play(registered(), [[100, wish("withdraw")]]);
  assert.equal(asked(asks), "delete");
  const gone = play(going, [[110, answered(3, { kind: "deleted" })]])[0];
  assert.deepEqual([gone.elector.kind, candidacyWake(gone)], ["withdrawn", Infinity]);
  assert.equal(asked(play(gone, [[500, wish("register")]])[1]), "create");
  const hurried = play(going, [[105, wish("register")]])[0];
  assert.equal(asked(play(hurried, [[110, answered(3, { kind: "deleted" })]])[1]), "unwatch, create");
});

void test("who leaves deletes what is there, also what may be there, and ends although that fails", () => {
  const [leaving, asks] = play(registered(), [[100, wish("leave")]]);
  assert.equal(asked(asks), "delete");
  for (const answer of [{ kind: "deleted" }, { kind: "missing" }, failed] as const)
    assert.match(asked(play(leaving, [[110, answered(3, answer)]])[1]), /left$/);
  const creating = play(begin(), [...made.slice(0, 2), [15, wish("leave")]])[0];
  assert.equal(asked(play(creating, [[910, answered(2, failed)]])[1]), "delete");
  assert.equal(asked(play(begin(), [[0, wish("leave")]])[1]), "left");
});

void test("who leaves waits a second at most for a server that does not answer", () => {
  for (const steps of [made.slice(0, 1), made]) {
    const leaving = play(begin(), [...steps, [100, wish("leave")]])[0];
    assert.equal(candidacyWake(leaving), 1_100);
    const [left, effects] = play(leaving, [[1_100, tick]]);
    assert.match(asked(effects), /left$/);
    assert.equal(candidacyWake(left), Infinity);
  }
});

for (const mode of ["auto", "always"] as const) {
  void test(`${mode}: an answer that comes while we withdraw, and tells that nobody could elect us, does not keep us away for ever`, () => {
    const renewing = play({ ...registered(), listAt: Infinity, lookAt: Infinity }, [[300_020, tick]], mode)[0];
    const off = stored(renewing.request?.id ?? 0, candidate("6", 300_020), epoch + 305_000);
    const going = play(
      renewing,
      [
        [300_025, wish("withdraw")],
        [300_030, off],
      ],
      mode,
    )[0];
    const gone = play(going, [[300_040, answered(going.request?.id ?? 0, { kind: "deleted" })]], mode)[0];
    assert.deepEqual(gone.elector, { kind: "withdrawn" }, "whoever rests registers again from there (standby.ts)");
    assert.equal(asked(play(gone, [[310_000, wish("register")]], mode)[1]), "discover");
  });
}

void test("two strategies of one version are told once", () => {
  const listing = play(registered(), [[2_020, tick]])[0];
  const rival = (identity: string, strategy: string, binaryVersion = "1.1.0") => ({
    identity,
    strategy,
    binaryVersion,
  });
  const quarrel = [rival("a", "OldestEmulationVersion"), rival("b", "x.io/Y"), rival("c", "z.io/Z", "1.0.0")];
  const [state, effects] = play(listing, [[2_030, answered(3, { kind: "rivals", rivals: quarrel })]]);
  assert.equal(asked(effects), "tell");
  const again = play({ ...state, lookAt: Infinity }, [[9_000, tick]])[0];
  assert.equal(asked(play(again, [[9_010, answered(4, { kind: "rivals", rivals: quarrel })]])[1]), "");
});

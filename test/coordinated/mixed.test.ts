import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fleet } from "./fleet.ts";
import { coordinator, holderOf } from "./history.ts";
import { isCoordinated, join, kinds } from "./member.ts";
import { describeCoordinated } from "./served.ts";

const pairs = kinds.flatMap((first) => kinds.map((second) => ({ first, second })));
/** Pairs of plain ones are test/interop's, and of two client-go candidates nothing is to be learnt here. */
const ours = pairs.filter(
  ({ first, second }) =>
    (isCoordinated(first) || isCoordinated(second)) && `${first} ${second}`.includes("leader-exec"),
);

await describeCoordinated("one Lease, coordinated and plain", (room) => {
  for (const fault of ["polite end", "crash"] as const) {
    describe(`${fault} of the leader`, { concurrency: 4 }, () => {
      for (const { first, second } of ours) {
        test(`from ${first} to ${second}: never two commands`, { timeout: 180_000 }, async (t) => {
          const fleet = await Fleet.open(t, room());
          const old = await join(fleet, first, "old", "1.0.0");
          await fleet.leads("old");
          const next = await join(fleet, second, "next", "1.1.0");
          await next.standsBy();
          await fleet.registered([first, second].filter(isCoordinated).length);
          if (fault === "crash") await old.crash();
          else old.kill("SIGTERM");
          await fleet.leads("next");
          await old.exited;
          next.kill("SIGTERM");
          assert.deepEqual(await next.exited, { code: 0, signal: null });
          // The Lease itself may be given to a dead one by now: client-go leaves its LeaseCandidate behind.
          const last = (await fleet.history.writes()).findLast(({ user }) => user !== coordinator);
          assert.ok(last !== undefined && holderOf(last) === "", "released at the end");
          assert.deepEqual(fleet.journal.overlaps(), []);
          assert.deepEqual(
            await fleet.history.unwitnessed(fleet.journal),
            [],
            (await fleet.history.lines()).join("\n"),
          );
        });
      }
    });
  }
});

import assert from "node:assert/strict";
import { describe } from "node:test";
import { rename, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { describeWithLab, leasePath, until, type KubeObject } from "../lab/index.ts";
import { leaseSpan } from "../support/candidate.ts";
import { fault } from "./fault.ts";
import { serverPlace, type ServerPlace } from "./place.ts";
import { randomMoment } from "./processes.ts";
import type { Scene } from "./scene.ts";
import { lookAfter, repeatFor, trio } from "./trio.ts";
import { killWithGuard } from "../support/crash.ts";

type ServerScene = Scene & { readonly place: ServerPlace };

await describeWithLab("faults of one Lease and its rights", (lab) => {
  const newPlace = (): Promise<ServerPlace> => serverPlace(lab());
  const few = { parallel: 3 };

  const edit = async ({ place }: ServerScene, change: object): Promise<number> => {
    const { status } = await place.admin("PATCH", change);
    return status;
  };
  const spec = (change: object): object => ({ spec: change });

  describe("", { concurrency: 3 }, () => {
    fault(
      "api: annotations of others in a loop: every renewal meets a conflict",
      newPlace,
      async (scene) => {
        const life = await trio(scene);
        const since = scene.oracle.now();
        let count = 0;
        await repeatFor(10_000, 20, () => edit(scene, { metadata: { annotations: { foreign: String(count++) } } }));
        await lookAfter(scene, life, since);
      },
      few,
    );

    fault(
      "api: Lease deleted in a loop",
      newPlace,
      async (scene) => {
        scene.edited = true;
        const life = await trio(scene);
        const since = scene.oracle.now();
        await repeatFor(8_000, 200, () => scene.place.admin("DELETE"));
        await lookAfter(scene, life, since);
      },
      few,
    );

    fault(
      "api: Lease deleted and created again by another holder",
      newPlace,
      async (scene) => {
        scene.edited = true;
        await trio(scene);
        await randomMoment();
        const since = scene.oracle.now();
        const body = { metadata: { name: scene.place.lease }, spec: somebody() };
        const path = leasePath(scene.place.namespace);
        const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", ...body };
        const create = async (delay: number): Promise<boolean> => {
          await pause(delay);
          return (await lab().admin("POST", path, lease)).status === 201;
        };
        // The holder creates it again within milliseconds: it takes many hands to be faster.
        await until("somebody else creates it", async () => {
          const creating = Promise.all([0, 2, 4, 6, 8, 10, 12, 14].map(create));
          await scene.place.admin("DELETE");
          return (await creating).includes(true);
        });
        await scene.recovers(since);
      },
      few,
    );

    fault(
      "api: holder overwritten by hand",
      newPlace,
      async (scene) => {
        scene.edited = true;
        const life = await trio(scene);
        await randomMoment();
        const since = scene.oracle.now();
        assert.equal(await edit(scene, spec(somebody())), 200);
        await scene.oracle.gone(life.identity);
        await scene.recovers(since);
      },
      few,
    );

    fault(
      "api: holder cleared by hand, several times",
      newPlace,
      async (scene) => {
        scene.edited = true;
        const life = await trio(scene);
        const since = scene.oracle.now();
        await repeatFor(4_000, 300, () => edit(scene, spec({ holderIdentity: "" })));
        await lookAfter(scene, life, since);
      },
      few,
    );

    const durations = [1, 0, null, 2_147_483_647];
    fault(
      "api: duration edited to 1, 0, null and 68 years, then kill -9 of the holder",
      newPlace,
      async (scene, run) => {
        scene.edited = true;
        const holder = scene.start();
        await scene.settles();
        const standby = scene.start();
        await standby.says(/^standing by/);
        await randomMoment();
        const duration = durations[run % durations.length];
        const status = await edit(scene, spec({ leaseDurationSeconds: duration }));
        if (status !== 200) scene.notes.push(`${String(duration)} answered with ${status}`);
        await pause(1_500); // renewed since
        const since = scene.oracle.now();
        await killWithGuard(holder.pid); // or its lease would be released, and nobody would wait for its end
        await scene.recovers(since);
      },
      few,
    );

    const times = ["2001-01-01T00:00:00.000000Z", "2099-01-01T00:00:00.000000Z", "yesterday"];
    fault(
      "api: renewTime edited to the past, the future and to nonsense",
      newPlace,
      async (scene, run) => {
        scene.edited = true;
        const life = await trio(scene);
        await randomMoment();
        const since = scene.oracle.now();
        const status = await edit(scene, spec({ renewTime: times[run % times.length] }));
        if (status !== 200) scene.notes.push(`nonsense answered with ${status}`);
        await pause(leaseSpan);
        await lookAfter(scene, life, since);
      },
      few,
    );

    fault(
      "api: the token is refused, later its file has a good one",
      () => serverPlace(lab(), lab().url, async (user) => ({ tokenFile: await user.tokenFile() })),
      async (scene) => {
        const life = await trio(scene);
        const { credentials, user } = scene.place;
        assert.ok(credentials !== undefined && "tokenFile" in credentials);
        const { tokenFile } = credentials;
        const replace = async (token: string): Promise<void> => {
          await writeFile(`${tokenFile}.new`, token);
          await rename(`${tokenFile}.new`, tokenFile);
        };
        // The token that is known goes on to be good: only who looks into the file again has the bad one.
        await replace("nobody");
        await lab().apiServer.ready();
        await pause(2 * leaseSpan);
        const since = scene.oracle.now();
        await replace(user.token);
        await lookAfter(scene, life, since);
      },
      few,
    );

    const verbs = ["get", "update", "watch", "create"];
    fault(
      "api: one verb after the other is taken from the Role, later given back",
      newPlace,
      async (scene, run) => {
        const verb = verbs[run % verbs.length] ?? "get";
        const life = await trio(scene);
        const { role } = scene.place.user;
        const rules = role.rules;
        await role.remove(verb);
        await pause(2 * leaseSpan);
        if (scene.oracle.running().some(({ pid }) => pid === life.pid)) scene.notes.push(`lived on without ${verb}`);
        const since = scene.oracle.now();
        await role.set(rules);
        if (scene.oracle.running().length === 0) await scene.recovers(since);
        await scene.settles();
      },
      few,
    );
  });
});

function somebody(): NonNullable<KubeObject["spec"]> {
  const now = new Date().toISOString().replace("Z", "000Z");
  return {
    holderIdentity: "somebody",
    leaseDurationSeconds: 5,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: 7,
  };
}

import { describe, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { describeWithLab, labIsRequired, type Lab } from "../lab/index.ts";
import { leaseSpan } from "../support/candidate.ts";
import { fault } from "./fault.ts";
import { answersLost, blackHole, loss, Network, requestsLost, resets, type Namespace, type Rules } from "./network.ts";
import { serverPlace, type ServerPlace } from "./place.ts";
import { randomMoment } from "./processes.ts";
import type { Scene } from "./scene.ts";
import { lookAfter, trio } from "./trio.ts";

const network = await Network.open();

if (typeof network === "string") {
  test("faults of the network", labIsRequired() ? {} : { skip: network }, () => {
    throw new Error(network);
  });
} else {
  await describeWithLab("faults of the network, in namespaces", (lab) => declare(lab, network), {
    address: network.address,
  });
}

interface Networked {
  readonly namespaces: readonly Namespace[];
  readonly holders: Namespace;
}

function declare(lab: () => Lab, net: Network): void {
  const newPlace = (): Promise<ServerPlace> => serverPlace(lab());

  /** Three candidates, each in a namespace of its own, at a random moment of the holder's renewals. */
  const candidates = async (scene: Scene, probe: readonly string[] = []) => {
    const namespaces = [await net.namespace(), await net.namespace(), await net.namespace()];
    const life = await trio(scene, (nth) => ({ through: namespaces[nth]?.through ?? [], probe }));
    const { through } = scene.castOf(scene.candidateOf(life));
    const holders = namespaces.find((each) => each.through === through);
    if (holders === undefined) throw new Error("the holder is in no namespace");
    await randomMoment();
    const all: Networked = { namespaces, holders };
    return { life, ...all };
  };

  /** The holder alone is hit, for two lease durations. */
  const holderHit =
    (rules: Rules, probe: readonly string[] = []) =>
    async (scene: Scene, _run: number, t: TestContext) => {
      const { holders } = await candidates(scene, probe);
      const since = scene.oracle.now();
      await holders.apply(rules);
      t.after(() => holders.heal());
      await scene.recovers(since);
      await pause(leaseSpan);
      await holders.heal();
      await scene.settles();
    };

  describe("", { concurrency: 3 }, () => {
    const few = { parallel: 3 };
    fault("network: black hole of the holder, both ways", newPlace, holderHit(blackHole), few);
    fault(
      "network: black hole of the holder, its command ignores SIGTERM",
      newPlace,
      holderHit(blackHole, ["ignore", "1"]),
      few,
    );
    fault(
      "network: black hole of the holder, its command leaves a daemon",
      newPlace,
      holderHit(blackHole, ["child", "session"]),
      few,
    );
    fault("network: requests of the holder are lost, answers arrive", newPlace, holderHit(requestsLost), few);
    fault("network: answers to the holder are lost, requests arrive", newPlace, holderHit(answersLost), few);
    fault("network: every packet of the holder is answered with a reset", newPlace, holderHit(resets), few);

    fault(
      "network: flapping, 2 s on and 2 s off, for every candidate",
      newPlace,
      async (scene) => {
        const { namespaces } = await candidates(scene);
        await flap(namespaces, 60_000);
        const since = scene.oracle.now();
        if (scene.oracle.running().length === 0) await scene.recovers(since);
        await scene.settles();
      },
      few,
    );

    fault(
      "network: 30 % of all packets are lost, for every candidate",
      newPlace,
      async (scene) => {
        const { life, namespaces } = await candidates(scene);
        const since = scene.oracle.now();
        await Promise.all(namespaces.map((each) => each.apply(loss(30))));
        await pause(20_000);
        await Promise.all(namespaces.map((each) => each.heal()));
        await lookAfter(scene, life, since);
      },
      few,
    );

    fault(
      "network: old connections are dead without a word, new ones work",
      newPlace,
      async (scene) => {
        const { life, holders } = await candidates(scene);
        const since = scene.oracle.now();
        const dead = (await holders.ports()).join(", ");
        await holders.apply({ out: `tcp sport { ${dead} } drop`, in: `tcp dport { ${dead} } drop` });
        await pause(leaseSpan);
        await lookAfter(scene, life, since);
      },
      few,
    );

    fault(
      "network: a black hole of the holder that is shorter than the renew deadline",
      newPlace,
      async (scene) => {
        const { life, holders } = await candidates(scene);
        const since = scene.oracle.now();
        await holders.apply(blackHole);
        await pause(500 + 1_000 * Math.random());
        await holders.heal();
        await pause(2_000);
        await lookAfter(scene, life, since);
      },
      few,
    );

    fault(
      "network: black hole of every candidate, for two leases",
      newPlace,
      async (scene) => {
        const { life, namespaces } = await candidates(scene);
        await Promise.all(namespaces.map((each) => each.apply(blackHole)));
        await scene.oracle.gone(life.identity);
        await pause(2 * leaseSpan);
        const since = scene.oracle.now();
        await Promise.all(namespaces.map((each) => each.heal()));
        await scene.recovers(since);
      },
      few,
    );
  });
}

/** Each namespace at its own pace. Ends healed. */
async function flap(namespaces: readonly Namespace[], span: number): Promise<void> {
  const end = performance.now() + span;
  const one = async (namespace: Namespace): Promise<void> => {
    await pause(Math.random() * 2_000);
    while (performance.now() < end) {
      await namespace.apply(blackHole);
      await pause(2_000);
      await namespace.heal();
      await pause(2_000);
    }
  };
  await Promise.all(namespaces.map(one));
}

/** Answers that an API server seldom gives, but what stands before it does; and names that are not resolved. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { describeWithLab, labIsRequired, type FaultProxy } from "../lab/index.ts";
import { folderOf, leaseSpan } from "../support/candidate.ts";
import { fault } from "./fault.ts";
import { cached, Front, garbageWatch, html, hugeBody, silentWatch, status, type Answering } from "./front.ts";
import { serverPlace, type ServerPlace } from "./place.ts";
import { randomMoment } from "./processes.ts";
import type { Scene } from "./scene.ts";
import { lookAfter, trio } from "./trio.ts";

type ServerScene = Scene & { readonly place: ServerPlace };

await describeWithLab("faults of answers and names", (lab) => {
  const newPlace = (): Promise<ServerPlace> => serverPlace(lab(), null);
  const few = { parallel: 3 };

  /** Three candidates, each behind a front of its own. */
  const candidates = async (scene: ServerScene, t: TestContext) => {
    const fronts = new Map<string, Front>();
    for (let nth = 0; nth < 3; nth++) {
      const front = await Front.open(t, lab());
      fronts.set(await scene.place.user.kubeconfig({ server: front.url }), front);
    }
    const ways = [...fronts.keys()];
    const life = await trio(scene, (nth) => ({ args: ["--kubeconfig", ways[nth] ?? ""] }));
    const holders = fronts.get(scene.castOf(scene.candidateOf(life)).args?.[1] ?? "");
    if (holders === undefined) throw new Error("the holder has no front");
    await randomMoment();
    return { life, holders, others: [...fronts.values()].filter((each) => each !== holders) };
  };

  describe("", { concurrency: 3 }, () => {
    const wrong: readonly (readonly [name: string, answering: Answering])[] = [
      ["huge bodies", hugeBody],
      ["HTML", html],
      ["500", status(500)],
      ["503", status(503)],
      ["504", status(504)],
    ];
    fault(
      "api: everything that the holder asks is answered with a huge body, HTML, 500, 503, 504",
      newPlace,
      async (scene, run, t) => {
        const [name, answering] = wrong[run % wrong.length] ?? ["500", status(500)];
        const { life, holders } = await candidates(scene, t);
        const since = scene.oracle.now();
        holders.answer(answering);
        await scene.oracle.gone(life.identity);
        await scene.recovers(since);
        scene.notes.push(`${name}: recovered after ${scene.recoveries.at(-1)?.toFixed(0) ?? "?"}`);
        await pause(leaseSpan);
        holders.heal();
        await scene.settles();
      },
      few,
    );

    fault(
      "api: all that the holder asks is answered from a cache, its renewals too, of which none arrives",
      newPlace,
      async (scene, _run, t) => {
        const { life, holders } = await candidates(scene, t);
        const { object } = await scene.place.admin("GET");
        const since = scene.oracle.now();
        holders.answer(cached(object));
        holders.cut();
        await scene.oracle.gone(life.identity);
        await scene.recovers(since);
        holders.heal();
        await scene.settles();
      },
      few,
    );

    fault(
      "api: every renewal of the holder is answered with a conflict, although nothing was changed",
      newPlace,
      async (scene, _run, t) => {
        const { life, holders } = await candidates(scene, t);
        const since = scene.oracle.now();
        let renewals = 0;
        holders.answer((asked, answer) => {
          if (asked.method !== "PUT") return false;
          renewals++;
          return status(409)(asked, answer);
        });
        await scene.oracle.gone(life.identity);
        assert.ok(renewals > 2 && renewals < 40, `${renewals} renewals in one renew deadline, with growing pauses`);
        await scene.recovers(since);
        holders.heal();
        await scene.settles();
      },
      few,
    );

    const watches: readonly Answering[] = [garbageWatch, silentWatch];
    fault(
      "api: watches are silent or full of garbage for everybody, then kill -9 of the holder",
      newPlace,
      async (scene, run, t) => {
        const { life, holders, others } = await candidates(scene, t);
        const began = scene.oracle.now();
        for (const front of [holders, ...others]) front.answer(watches[run % watches.length] ?? silentWatch);
        await lab().apiServer.ready();
        await pause(leaseSpan);
        await lookAfter(scene, life, began);
        const now = await scene.settles();
        const since = scene.oracle.now();
        scene.candidateOf(now).kill("SIGKILL");
        await scene.oracle.gone(now.identity);
        await scene.recovers(since);
      },
      few,
    );

    const trouble = mountTrouble();
    if (trouble !== null) {
      test("faults of names", labIsRequired() ? {} : { skip: trouble }, () => {
        throw new Error(trouble);
      });
      return;
    }
    fault(
      "network: names are not resolved any more and all connections are cut, then kill -9 of the holder",
      newPlace,
      async (scene, _run, t) => {
        const names = new Names(t);
        const proxies: FaultProxy[] = [];
        const ways: string[] = [];
        for (let nth = 0; nth < 3; nth++) {
          const proxy = await lab().proxy();
          proxies.push(proxy);
          ways.push(await scene.place.user.kubeconfig({ server: proxy.url.replace("127.0.0.1", "localhost") }));
        }
        const life = await trio(scene, (nth) => ({
          args: ["--kubeconfig", ways[nth] ?? ""],
          through: names.through,
        }));
        const began = scene.oracle.now();
        names.known(false);
        for (const proxy of proxies) proxy.cut();
        await pause(leaseSpan);
        await lookAfter(scene, life, began);
        const now = await scene.settles();
        const since = scene.oracle.now();
        scene.candidateOf(now).kill("SIGKILL");
        await scene.recovers(since);
        names.known(true);
        await scene.settles();
      },
      few,
    );
  });
});

/** What is known of names, for those who are started `through` it, in a mount namespace with its own /etc/hosts. */
class Names {
  readonly through: readonly string[];
  readonly #hosts: string;

  constructor(t: TestContext) {
    const folder = folderOf(t);
    this.#hosts = join(folder, "hosts");
    const order = join(folder, "nsswitch.conf");
    writeFileSync(order, "hosts: files\n");
    this.known(true);
    const script = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/nsswitch.conf && shift && exec "$@"';
    this.through = ["unshare", "--mount", "sh", "-c", script, this.#hosts, order];
  }

  known(yes: boolean): void {
    writeFileSync(this.#hosts, yes ? "127.0.0.1 localhost\n" : "");
  }
}

function mountTrouble(): string | null {
  try {
    execFileSync("unshare", [
      "--mount",
      "sh",
      "-c",
      "mount --bind /etc/hosts /etc/hosts && test -e /etc/nsswitch.conf",
    ]);
    return null;
  } catch (error) {
    return `NO NAMESPACES: an own /etc/hosts needs root and util-linux (${String(error)})`;
  }
}

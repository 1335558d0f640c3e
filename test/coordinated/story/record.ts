/** Records docs/coordinated.svg anew from a real API server: node --import tsx test/coordinated/story/record.ts, after a build. */
import { writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { DEFAULT_VERSION } from "../../lab/index.ts";
import { journalNow } from "../../support/journal.ts";
import { Fleet } from "../fleet.ts";
import { describeCoordinated } from "../served.ts";
import { drawing } from "./drawing.ts";
import { drawingFile, stepsOf, storyFile, type Scene, type Story } from "./story.ts";

const scenes: Scene[] = [];

await describeCoordinated("the story", (room) => {
  test("an election, a step-down, an end and a crash", async (t) => {
    const fleet = await Fleet.open(t, room());
    let from = 0;
    const scene = async (title: string): Promise<void> => {
      const wall = performance.timeOrigin + performance.now() - journalNow();
      const until = Date.now();
      const entries = await fleet.history.all();
      scenes.push({ title, steps: stepsOf(entries, fleet.journal.signs(), { from, until, wall }) });
      from = until;
    };
    const newer = await fleet.coordinated("newer", "1.1.0", { env: { PROBE_CLEANUP: "1500" } });
    await fleet.leads("newer");
    await scene("The first candidate is elected at once");
    const older = await fleet.coordinated("older", "1.0.0", { env: { PROBE_CLEANUP: "300" } });
    await fleet.leads("older");
    await fleet.registered(2);
    await scene("An older version comes: the leader is asked to step down");
    older.kill("SIGTERM");
    await fleet.leads("newer");
    await scene("The leader is told to end");
    const again = await fleet.coordinated("older", "1.0.0");
    await fleet.leads("older");
    await fleet.registered(2);
    from = Date.now();
    again.kill("SIGKILL");
    await fleet.leads("newer");
    await scene("The leader is killed: its guard ends the command, and releases");
    newer.kill("SIGTERM");
    await newer.code();
  });
});

after(() => {
  const story: Story = { kubernetes: DEFAULT_VERSION, day: new Date().toISOString().slice(0, 10), scenes };
  writeFileSync(storyFile, `${JSON.stringify(story, null, 2)}\n`);
  writeFileSync(drawingFile, drawing(story));
});

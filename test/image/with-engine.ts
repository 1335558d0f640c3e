import { after, before, describe, test } from "node:test";
import { Engine } from "./engine.ts";
import { whyNot } from "./why-not.ts";

/**
 * A group of tests that share one folder of images and containers. Where they cannot be made the group is skipped with
 * the reason and what to do, and with CI=true it fails.
 */
export function describeWithEngine(title: string, body: (engine: () => Engine) => void): void {
  const reason = whyNot();
  if (reason !== undefined) {
    test(title, process.env["CI"] === "true" ? {} : { skip: reason }, () => {
      throw new Error(reason);
    });
    return;
  }
  describe(title, () => {
    let engine: Engine | undefined;
    before(async () => {
      engine = await Engine.open((line) => console.error(line));
    });
    after(() => engine?.close());
    body(() => {
      if (!engine) throw new Error("images are there only while tests run, not while they are declared");
      return engine;
    });
  });
}

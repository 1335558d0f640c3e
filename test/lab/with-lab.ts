import { after, before, describe, test } from "node:test";
import { labAvailability, labIsRequired } from "./availability.ts";
import type { Lab } from "./lab.ts";
import { startLab, type LabOptions } from "./start.ts";

/**
 * A group of tests that share one lab: it is started before the first and stopped after the last. Each test takes a
 * namespace and users of its own, and heals what it broke. Where there is no lab the group is skipped with the reason
 * and what to run, and with CI=true it fails.
 */
export async function describeWithLab(
  title: string,
  body: (lab: () => Lab) => void,
  options: LabOptions = {},
): Promise<void> {
  const found = await labAvailability(options.version);
  if (found.kind === "missing") {
    const { reason } = found;
    test(title, labIsRequired() ? {} : { skip: reason }, () => {
      throw new Error(reason);
    });
    return;
  }
  describe(title, () => {
    let lab: Lab | undefined;
    before(async () => {
      lab = await startLab(options);
    });
    after(() => lab?.stop());
    body(() => {
      if (!lab) throw new Error("the lab is there only while tests run, not while they are declared");
      return lab;
    });
  });
}

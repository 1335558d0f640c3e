import { test } from "node:test";
import { describeWithLab, labAvailability, labIsRequired, type Lab, type LabOptions } from "../lab/index.ts";
import { buildElector } from "./build-elector.ts";

export interface WithElector {
  readonly lab: Lab;
  /** The path of client-go's elector. */
  readonly program: string;
}

/**
 * `describeWithLab` with client-go's elector. Where there is a lab but no Go to build the elector, the group is skipped with
 * the reason, and with CI=true it fails.
 */
export async function describeWithElector(
  title: string,
  body: (room: () => WithElector) => void,
  options: LabOptions = {},
): Promise<void> {
  const lab = await labAvailability();
  const built = lab.kind === "ready" ? await tryToBuild() : { program: "" };
  if ("reason" in built) {
    test(title, labIsRequired() ? {} : { skip: built.reason }, () => {
      throw new Error(built.reason);
    });
    return;
  }
  await describeWithLab(title, (lab) => body(() => ({ lab: lab(), program: built.program })), options);
}

async function tryToBuild(): Promise<{ program: string } | { reason: string }> {
  try {
    return { program: await buildElector() };
  } catch (error) {
    return { reason: `CLIENT-GO IS MISSING: ${error instanceof Error ? error.message : String(error)}` };
  }
}

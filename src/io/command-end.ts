import type { CommandEnd } from "../core/types.ts";
import type { SpawnResult } from "../bundles/execa.ts";
import { signalNumber } from "./signals.ts";

/** How a command ended, as what spawned it says. */
export function endOf(result: SpawnResult): CommandEnd {
  if (result.kind === "exited") return result;
  if (result.kind === "failed") return { kind: "exited", code: 125 };
  return { kind: "signaled", signal: result.signal, number: signalNumber(result.signal) ?? 0 };
}

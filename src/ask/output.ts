/** `-o`: in which form a subcommand prints. */
import { flag, type Flag } from "../flag.ts";
import type { Settings } from "../settings.ts";
import { choiceValue } from "../values.ts";

/** The first form is the usual one. */
export function outputFlag(forms: readonly [string, ...string[]], help: string): Flag {
  return flag("output", forms.join("|"), forms[0], help, { short: "o" });
}

/** Throws UsageError. */
export function outputOf<T extends string>(settings: Settings, forms: readonly [T, ...T[]]): T {
  const given = settings.get("output");
  return given === undefined ? forms[0] : choiceValue(given, forms);
}

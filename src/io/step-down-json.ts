/** The annotation `leader-exec/step-down`: {"v":1,"holder":"<identity>","id":"<id>"}. */
import type { StepDown } from "../core/lease.ts";
import { isObject } from "./json.ts";

const version = 1;
/** It is said in logs, so it is one word. */
const wellFormedId = /^[\w-]{1,64}$/;

/** Null: there is none, or nothing that we understand; then it asks for nothing. */
export function parseStepDown(value: unknown): StepDown | null {
  if (typeof value !== "string") return null;
  const asked = parsed(value);
  if (!isObject(asked)) return null;
  const { v, holder, id } = asked;
  const isWhole = v === version && typeof holder === "string" && holder !== "" && typeof id === "string";
  return isWhole && wellFormedId.test(id) ? { holder, id } : null;
}

export function formatStepDown({ holder, id }: StepDown): string {
  return JSON.stringify({ v: version, holder, id });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null; // no JSON: it asks for nothing
  }
}

/** Looking into objects that others made, without trusting their shape. */

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object at this name, or an empty one. */
export function member(of: unknown, name: string): Json {
  const value = isObject(of) ? of[name] : undefined;
  return isObject(value) ? value : {};
}

/** The array at this name, or an empty one. */
export function list(of: unknown, name: string): readonly unknown[] {
  const value = isObject(of) ? of[name] : undefined;
  return Array.isArray(value) ? value : [];
}

/** The text at this name; undefined when it is something else, or empty. */
export function text(of: unknown, name: string): string | undefined {
  const value = isObject(of) ? of[name] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A value that YAML may have taken for a number (a namespace called 2024) as text; undefined when it is no text, or empty. */
export function scalar(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : typeof value === "string" && value !== "" ? value : undefined;
}

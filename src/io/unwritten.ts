/** What to tell when results cannot be written. */
export function unwritten(code: string | undefined, message: string): string {
  const why = code === "ENOSPC" ? "no space is left on the device (ENOSPC)" : message;
  return `cannot write to standard output: ${why}; see where it goes, and ask again`;
}

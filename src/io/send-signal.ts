/**
 * kill(2) to a process (or with a negative number to a group), as far as it still exists and we may. Says whether it was
 * sent. Refuses what can never be meant: 0 and -1 mean our own group and everybody, 1 is init.
 */
export function sendSignal(pid: number, signal: string | 0): boolean {
  return send(pid, signal) === "sent";
}

/** Whether a group has any process, be it a zombie or one that we may not signal. */
export function groupExists(group: number): boolean {
  return send(-group, 0) !== "gone";
}

function send(pid: number, signal: string | 0): "sent" | "gone" | "forbidden" {
  if (!Number.isSafeInteger(pid) || Math.abs(pid) <= 1 || pid === process.pid) return "gone";
  try {
    process.kill(pid, signal);
    return "sent";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ESRCH") return "gone";
    if (code === "EPERM") return "forbidden";
    throw error;
  }
}

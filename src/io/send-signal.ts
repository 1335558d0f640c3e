/**
 * kill(2) to a process (or with a negative number to a group), as far as it still exists and we may. Says whether it was
 * sent. Refuses what can never be meant: 0 and -1 mean our own group and everybody, 1 is init.
 */
export function sendSignal(pid: number, signal: string | 0): boolean {
  if (!Number.isSafeInteger(pid) || Math.abs(pid) <= 1 || pid === process.pid) return false;
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ESRCH", "EPERM"].includes(String(error.code))) return false;
    throw error;
  }
}

import { readFileSync } from "node:fs";

/** Where a pod finds its token, ca.crt and namespace. */
export const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What the file says; undefined where there is none: hand-made pods mount a token alone. */
export function namespaceFile(path = `${serviceAccountFolder}/namespace`): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined; // whoever asks says what is done then
  }
}

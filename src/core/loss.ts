import type { Millis } from "./types.ts";

/** Why leadership was lost. */
export type LossCause =
  | { readonly kind: "renew-deadline"; readonly after: Millis; readonly failure: string | null }
  | { readonly kind: "late" }
  | { readonly kind: "other-holder"; readonly holder: string }
  /** So far the server's clock is ahead of ours, and the server elects by it. */
  | { readonly kind: "clock"; readonly ahead: Millis }
  | { readonly kind: "guard"; readonly message: string };

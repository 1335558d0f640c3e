/** One label on one pod: on or off, whatever becomes of single requests. One request at a time, so the last one is what counts. */
import type { Millis } from "../core/types.ts";
import type { Log } from "../world.ts";
import type { AsideTrouble } from "./aside-trouble.ts";
import type { Aside } from "./kubernetes-aside.ts";
import type { OwnPod } from "./own-pod.ts";
import { patchLabel, type Label } from "./pod-patch.ts";

/** After a failure: doubling. A removal is in a hurry. */
const toSet = { first: 1_000, longest: 60_000 };
const toRemove = { first: 100, longest: 5_000 };

export class PodLabel {
  readonly #aside: Aside;
  readonly #pod: OwnPod;
  readonly #label: Label;
  readonly #log: Log;
  /** Null: not known, as at the start, when an earlier life of the pod may have left it. */
  #is: boolean | null = null;
  #wanted: boolean | null = null;
  /** We have asked for it, and no removal was confirmed since. */
  #mayBeOn = false;
  #working = false;
  #closed = false;
  #told: string | null = null;
  #failures = 0;
  readonly #waiting = new Set<() => void>();
  #wake: () => void = () => undefined;

  constructor(aside: Aside, pod: OwnPod, label: Label, log: Log) {
    this.#aside = aside;
    this.#pod = pod;
    this.#label = label;
    this.#log = log;
  }

  get isOn(): boolean {
    return this.#is === true;
  }

  /** True: others may see it on us. */
  get mayBeOn(): boolean {
    return this.#mayBeOn;
  }

  /** Begins at once, if it is not so already, and goes on until it is. */
  want(on: boolean): void {
    if (on === this.#wanted) return;
    this.#wanted = on;
    this.#failures = 0;
    this.#wake();
    if (!this.#working) void this.#work();
  }

  /** Resolves when the label is on, or one try to put it there has failed; after `limit` at the latest. */
  tried(limit: Millis): Promise<void> {
    return this.#until(limit, () => this.isOn || this.#failures > 0);
  }

  /** Resolves when the label is gone for sure; after `limit` at the latest. */
  gone(limit: Millis): Promise<void> {
    return this.#until(limit, () => !this.#mayBeOn);
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (!this.#closed && this.#wanted !== null && this.#is !== this.#wanted) {
      const on = this.#wanted;
      const mayHaveBeenOn = this.#mayBeOn;
      if (on) this.#mayBeOn = true;
      const trouble = await patchLabel(this.#aside, this.#pod, this.#label, on);
      if (trouble?.isRefusal === true && on) this.#mayBeOn = mayHaveBeenOn;
      if (trouble === null || (trouble.status === 404 && !on)) this.#is = on;
      else if (!trouble.isRefusal) this.#is = null; // it may have been done all the same
      if (this.#is === false) this.#mayBeOn = false;
      if (trouble === null) this.#recovered(on);
      else this.#failed(trouble, on);
      for (const look of this.#waiting) look();
      if (trouble === null || this.#is === this.#wanted || on !== this.#wanted) continue;
      // Whoever may not patch the pod has put nothing there either, most likely: it is asked again when it is to lead.
      if (!on && !this.#mayBeOn && trouble.isRefusal) break;
      await this.#pause(on ? toSet : toRemove);
    }
    this.#working = false;
  }

  #recovered(on: boolean): void {
    const level = this.#told === null ? "debug" : "info";
    this.#told = null;
    this.#failures = 0;
    this.#say(level, `the label ${this.#text} is ${on ? "on" : "not on"} the pod ${this.#podText}`);
  }

  #failed(trouble: AsideTrouble, on: boolean): void {
    if (on === this.#wanted) this.#failures++;
    if (trouble.message === this.#told) return;
    this.#told = trouble.message;
    const text = `the label ${this.#text} (--label-pod) of the pod ${this.#podText} cannot be changed, and nothing else depends on it: ${trouble.message}`;
    this.#say("warn", text);
  }

  #say(level: "warn" | "info" | "debug", message: string): void {
    this.#log.write({ level, kind: "pod-label", message, fields: {} });
  }

  get #text(): string {
    return `${this.#label.key}=${this.#label.value}`;
  }

  get #podText(): string {
    return `${this.#pod.namespace}/${this.#pod.name}`;
  }

  #until(limit: Millis, isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (isSo()) end();
      };
      const timer = setTimeout(end, limit);
      this.#waiting.add(look);
      look();
    });
  }

  /** Ends early when something else is wanted. */
  #pause({ first, longest }: typeof toSet): Promise<void> {
    const span = Math.min(first * 2 ** (this.#failures - 1), longest);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), span).unref();
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve();
      };
    });
  }
}

import type { Stage } from "../stage.ts";

/** One thing that happens to pods in a cluster. */
export interface Case {
  readonly title: string;
  /** The name of its namespace, and what selects it on the command line. */
  readonly name: string;
  /** Makes it happen, counts the runs, and leaves gaps and notes. Throws when something other than an overlap is wrong. */
  readonly run: (stage: Stage) => Promise<void>;
  /** Why two commands may meet here: it is beyond the promise. Their meetings are counted all the same. */
  readonly beyond?: string;
  /** It has no protection at all: it shows that the witness notices. */
  readonly unprotected?: true;
  /** It takes as long as all others together, and goes on beside them. */
  readonly beside?: true;
}

/** Does the same thing so many times. */
export async function repeat(stage: Stage, times: number, action: (nth: number) => Promise<void>): Promise<void> {
  for (let nth = 0; nth < times; nth++) {
    await action(nth);
    stage.runs += 1;
  }
}

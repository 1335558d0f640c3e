/** What a subcommand is asked. */
export interface Question {
  readonly subcommand: string;
  /** Its flags and operands, and those of a run's flags that stand before it. */
  readonly words: readonly string[];
  /** What stands behind `--`; null: there is none. */
  readonly command: readonly string[] | null;
  /** Only how it is used is asked. */
  readonly help: boolean;
}

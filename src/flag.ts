/** What is to be said about a flag. */
export interface Flag {
  /** Without the dashes; LEADER_EXEC_<NAME> is its environment variable. */
  readonly name: string;
  readonly short?: string;
  readonly aliases?: readonly string[];
  /** What stands for its value in --help; null: a switch, which takes a value only as --name=true or --name=false. */
  readonly value: string | null;
  /** What a switch takes besides nothing: "auto|always|never" instead of true and false. */
  readonly choices?: string;
  /** As people read it; the real one is in options.ts or timing.ts. */
  readonly fallback: string;
  readonly help: string;
  /** Means something only while leader election is on. */
  readonly election: boolean;
}

export interface Group {
  readonly title: string;
  readonly flags: readonly Flag[];
}

type Extra = Partial<Pick<Flag, "short" | "aliases" | "election" | "choices">>;

/** Most flags mean something only while leader election is on. */
export const flag = (name: string, value: Flag["value"], fallback: string, help: string, extra: Extra = {}): Flag => ({
  election: true,
  ...extra,
  name,
  value,
  fallback,
  help,
});
export const group = (title: string, ...members: readonly Flag[]): Group => ({ title, flags: members });

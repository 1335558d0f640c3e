/** The values of flags and environment variables: from text to what is meant, or one sentence about what is wrong. */
import { durationForms, parseDuration } from "./duration.ts";
import type { Millis } from "./core/types.ts";

/** The user asked for something that makes no sense; the message is the whole sentence. Ends with exit code 64. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A value as it was given. `by`: "--lease-name", or the name of the environment variable. */
export interface Given {
  readonly by: string;
  readonly text: string;
}

export function durationValue(given: Given): Millis {
  const span = parseDuration(given.text);
  if (span === null) throw wrong(given, `is no duration; give ${durationForms}`);
  return span;
}

/** A duration that cannot be nothing. */
export function spanValue(given: Given): Millis {
  const span = durationValue(given);
  if (span === 0) throw wrong(given, "is no time at all; give a longer one");
  return span;
}

/** What Go's strconv.ParseBool takes, so what Kubernetes' own flags take. */
export function booleanValue(given: Given): boolean {
  if (/^(1|t|true)$/i.test(given.text)) return true;
  if (/^(0|f|false)$/i.test(given.text)) return false;
  throw wrong(given, "is neither true nor false; give one of the two");
}

export function choiceValue<T extends string>(given: Given, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === given.text);
  if (found === undefined) throw wrong(given, `is not known; give ${choices.join(" or ")}`);
  return found;
}

export function exitCodeValue(given: Given): number {
  const code = /^\d{1,3}$/.test(given.text) ? Number(given.text) : NaN;
  if (!(code <= 255)) throw wrong(given, "is no exit code; give a number from 0 to 255");
  return code;
}

/** Signals by name, with or without SIG, or by number, as kill(1) takes them. */
export function signalValue(given: Given, numbers: Readonly<Record<string, number>>): string {
  const upper = given.text.toUpperCase();
  const byNumber = Object.keys(numbers).find((name) => String(numbers[name]) === given.text);
  const name = [upper, `SIG${upper}`].find((each) => numbers[each] !== undefined) ?? byNumber;
  if (name === undefined) throw wrong(given, "is no signal of this system; give a name such as SIGTERM, INT or QUIT");
  if (name === "SIGSTOP") throw wrong(given, "cannot end a command, it only pauses it; give SIGTERM, for example");
  return name;
}

/** Kubernetes' rule for names of most objects: a DNS subdomain (RFC 1123), in lower case. */
export function objectNameValue(given: Given): string {
  return dnsValue(given, 253, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, '"-" and "."');
}

/** Kubernetes' rule for namespaces: a DNS label (RFC 1123), in lower case. */
export function namespaceValue(given: Given): string {
  return dnsValue(
    given,
    63,
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    'and "-"',
    given.by === "-n" ? `; ${nIsNamespace}` : "",
  );
}

/** flock's -n, which its users type here too. */
export const nIsNamespace = "-n is the namespace; a run that tries once has --nonblock";

/** Others read it in their logs, so it must be one line. */
export function identityValue(given: Given): string {
  if (given.text.length > 200 || /[\s\p{Cc}]/u.test(given.text))
    throw wrong(given, "is no identity: it may have 200 characters at most, and no spaces or line ends");
  return given.text;
}

/** Others read it in their logs, so it must be one line. */
export function keyValue(given: Given): string {
  if (given.text.length > 200 || /[\p{Cc}\u2028\u2029]/u.test(given.text))
    throw wrong(given, "is no key: it may have 200 characters at most, and no line ends or other control characters");
  return given.text;
}

function dnsValue(given: Given, limit: number, pattern: RegExp, punctuation: string, hint = ""): string {
  if (given.text.length <= limit && pattern.test(given.text)) return given.text;
  const near = given.text
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, "-")
    .slice(0, limit)
    .replace(/(^|\.)-+|-+($|\.)/g, "$1$2");
  const example = near !== given.text && pattern.test(near) ? `, for example ${near}` : "";
  throw wrong(
    given,
    `is not a name that Kubernetes takes: at most ${limit} characters of a-z, 0-9, ${punctuation}, beginning and ending ` +
      `with a letter or digit; give another one${example}${hint}`,
  );
}

export function wrong({ by, text }: Given, why: string): UsageError {
  return new UsageError(`${by} "${text}" ${why}`);
}

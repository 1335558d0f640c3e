/** What the cluster is told of who leads, from the flags. */
import type { AnnounceOptions, LabelOption } from "./options.ts";
import * as value from "./values.ts";

type Read = <T>(name: string, as: (given: value.Given) => T) => T | undefined;

/** Throws UsageError. */
export function announceOptions(read: Read): AnnounceOptions {
  return { events: read("events", value.booleanValue) ?? false, podLabel: read("label-pod", labelValue) ?? null };
}

const example = "give KEY=VALUE, for example leader-exec/role=leader";
const name = /^[a-z0-9]([-\w.]{0,61}[a-z0-9])?$/i;
const domain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const nameRule = 'at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit';

/** Kubernetes' rules for labels ("Labels and Selectors", syntax and character set). */
function labelValue(given: value.Given): LabelOption {
  const [key = "", text, ...more] = given.text.split("=");
  if (text === undefined || more.length > 0 || key === "") throw value.wrong(given, `is no label; ${example}`);
  const [last = "", prefix, ...rest] = key.split("/").reverse();
  if (rest.length > 0 || (prefix !== undefined && (prefix.length > 253 || !domain.test(prefix))))
    throw value.wrong(
      given,
      `has a key with a prefix that Kubernetes does not take: one DNS name in lower case, of at most 253 characters, before one "/"; ${example}`,
    );
  if (!name.test(last)) throw value.wrong(given, `has a key that Kubernetes does not take: ${nameRule}; ${example}`);
  if (text !== "" && !name.test(text))
    throw value.wrong(given, `has a value that Kubernetes does not take: ${nameRule}, or nothing; ${example}`);
  return { by: given.by, key, value: text };
}

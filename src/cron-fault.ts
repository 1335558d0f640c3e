/** What is wrong with a cron expression, and where: what reads it says only that something is. */

interface Field {
  readonly name: string;
  readonly takes: string;
}

const seconds: Field = { name: "second", takes: "0 to 59" };
const fields: readonly Field[] = [
  { name: "minute", takes: "0 to 59" },
  { name: "hour", takes: "0 to 23" },
  { name: "day of the month", takes: "1 to 31, L (the last), 15W (the working day next to the 15th)" },
  { name: "month", takes: "1 to 12, or JAN to DEC" },
  { name: "day of the week", takes: "0 to 7 (both ends are Sunday), SUN to SAT, FRI#2 (the second), FRIL (the last)" },
];
const forms = "*, lists (1,2), ranges (1-5) and steps (*/5 or 1-30/5)";
const order = "minute, hour, day of the month, month, day of the week";
const nicknames = "@hourly, @daily, @weekly, @monthly, @yearly";

/**
 * The inside of a sentence about an expression that was refused; null when nothing is wrong.
 * @param accepts whether what reads expressions takes this one
 */
export function cronFault(expression: string, accepts: (expression: string) => boolean): string | null {
  const words = [...expression.matchAll(/\S+/g)].map(({ 0: text, index }) => ({ text, index }));
  const [first] = words;
  if (first?.text.startsWith("@") === true)
    return words.length === 1 && accepts(expression) ? null : `is not known; give ${nicknames}, or five or six fields`;
  if (words.length !== 5 && words.length !== 6)
    return `has ${words.length} ${words.length === 1 ? "field" : "fields"}; give five (${order}), or six with the second first`;
  const known = words.length === 6 ? [seconds, ...fields] : fields;
  for (const [at, { name, takes }] of known.entries()) {
    const { text, index } = words[at] ?? { text: "", index: 0 };
    const alone = (part: string): boolean => accepts(known.map((_, other) => (other === at ? part : "*")).join(" "));
    if (alone(text)) continue;
    const { part, offset } = partAtFault(text, alone);
    return `has "${part}" at character ${index + offset + 1}, which is no ${name} (field ${at + 1} of ${known.length}); it takes ${takes}, with ${forms}`;
  }
  return accepts(expression) ? null : `cannot be read; give five fields (${order}), or six with the second first`;
}

/** The first item of a list that is wrong by itself. */
function partAtFault(text: string, accepts: (part: string) => boolean): { part: string; offset: number } {
  let offset = 0;
  for (const part of text.split(",")) {
    if (part === "" || !accepts(part)) return { part, offset };
    offset += part.length + 1;
  }
  return { part: text, offset: 0 };
}

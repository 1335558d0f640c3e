/** Just enough of DER (ITU-T X.690) to write an X.509 certificate. Each function returns one encoded value. */

function tlv(tag: number, contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = integerBytes(body.length);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

function integerBytes(value: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => tlv(0x30, items);
export const set = (...items: readonly Uint8Array[]): Buffer => tlv(0x31, items);
export const octets = (content: Uint8Array): Buffer => tlv(0x04, [content]);
export const utf8 = (text: string): Buffer => tlv(0x0c, [Buffer.from(text, "utf8")]);
export const yes = (): Buffer => tlv(0x01, [Buffer.from([0xff])]);

/** A context-specific tag; `constructed` when it wraps encoded values rather than raw bytes. */
export const context = (number: number, constructed: boolean, content: Uint8Array): Buffer =>
  tlv((constructed ? 0xa0 : 0x80) | number, [content]);

/** An integer that is not negative, given as big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const sign = (bytes[0] ?? 0) >= 0x80 ? [0] : [];
  return tlv(0x02, [Buffer.from(sign), bytes]);
}

export const bits = (content: Uint8Array, unused = 0): Buffer => tlv(0x03, [Buffer.from([unused]), content]);

/** An object identifier in its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const base128 = (value: number): number[] => {
    const digits = [value & 0x7f];
    for (let left = value >> 7; left > 0; left >>= 7) digits.unshift(0x80 | (left & 0x7f));
    return digits;
  };
  return tlv(0x06, [Buffer.from([first * 40 + second, ...rest.flatMap(base128)])]);
}

/** UTCTime, for moments from 1950 to 2049 (RFC 5280, 4.1.2.5). */
export const utcTime = (at: Date): Buffer =>
  tlv(0x17, [
    Buffer.from(
      at
        .toISOString()
        .replace(/[-:T]|\.\d+/g, "")
        .slice(2),
    ),
  ]);

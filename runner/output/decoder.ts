// What a process writes → text. Text stays bytes on its way through this room, those of well-formed UTF-8: a string of
// every chunk, on its way from bytes to bytes, would cost more than all that is done to it.
import { isUtf8 } from "node:buffer";

/** Turns chunks of bytes into whole characters of UTF-8; what is no character becomes U+FFFD. */
export interface Decoder {
  /** What comes out may be the chunk itself or a part of it. */
  push(chunk: Buffer): Buffer;
  /** What was left of a character that never became whole. */
  flush(): Buffer;
}

const NOTHING = Buffer.alloc(0);

/** Reads UTF-8, or UTF-16 little-endian where the first two bytes say so, as Windows PowerShell writes it. */
export function createDecoder(): Decoder {
  let decoder: Decoder | undefined;
  let early = NOTHING;
  return {
    push(chunk) {
      if (decoder !== undefined) return decoder.push(chunk);
      const first = Buffer.concat([early, chunk]);
      if (first.length < 2 && (first.length === 0 || first[0] === 0xff)) {
        early = first;
        return NOTHING;
      }
      decoder = first[0] === 0xff && first[1] === 0xfe ? utf16() : utf8();
      return decoder.push(first);
    },
    flush: () => (decoder === undefined ? wellFormed(early) : decoder.flush()),
  };
}

function utf8(): Decoder {
  let torn = NOTHING;
  return {
    push(chunk) {
      const bytes = torn.length === 0 ? chunk : Buffer.concat([torn, chunk]);
      const whole = bytes.length - begunBytes(bytes);
      if (whole === bytes.length) {
        torn = NOTHING;
        return wellFormed(bytes);
      }
      torn = Buffer.from(bytes.subarray(whole));
      return wellFormed(bytes.subarray(0, whole));
    },
    flush() {
      const rest = torn;
      torn = NOTHING;
      return wellFormed(rest);
    },
  };
}

/** Takes the byte order mark away, and hands out no half of a surrogate pair. */
function utf16(): Decoder {
  const decoder = new TextDecoder("utf-16le");
  return { push: (chunk) => Buffer.from(decoder.decode(chunk, { stream: true })), flush: () => Buffer.from(decoder.decode()) };
}

function wellFormed(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString("utf8"));
}

/** How many of the last bytes begin a character of which the rest is still to come. */
function begunBytes(bytes: Buffer): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count += 1) {
    const byte = bytes[bytes.length - count] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return count < lengthOf(byte) ? count : 0;
  }
  return 0;
}

/** The bytes of a character that begins with this one; 1 for a byte that begins none. */
function lengthOf(first: number): number {
  if (first > 0xf4) return 1;
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

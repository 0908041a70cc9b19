// Turns what a process writes into text. Text stays bytes of well-formed UTF-8 throughout this folder: converting every
// chunk to a string and back would cost more than everything that is done to it.
import { isUtf8 } from "node:buffer";

/** Turns chunks of bytes into whole UTF-8 characters; invalid bytes become U+FFFD. */
export interface Decoder {
  /** May return the chunk itself or a part of it. */
  push(chunk: Buffer): Buffer;
  /** Returns what was left of an incomplete character, as U+FFFD. */
  flush(): Buffer;
}

const EMPTY = Buffer.alloc(0);

/** Reads UTF-8, or UTF-16 little-endian if a byte order mark says so, as Windows PowerShell writes it. */
export function createDecoder(): Decoder {
  let decoder: Decoder | undefined;
  let early = EMPTY;
  return {
    push(chunk) {
      if (decoder !== undefined) return decoder.push(chunk);
      const first = Buffer.concat([early, chunk]);
      if (first.length < 2 && (first.length === 0 || first[0] === 0xff)) {
        early = first;
        return EMPTY;
      }
      decoder = first[0] === 0xff && first[1] === 0xfe ? utf16() : utf8();
      return decoder.push(first);
    },
    flush: () => (decoder === undefined ? wellFormed(early) : decoder.flush()),
  };
}

function utf8(): Decoder {
  let incomplete = EMPTY;
  return {
    push(chunk) {
      const bytes = incomplete.length === 0 ? chunk : Buffer.concat([incomplete, chunk]);
      const whole = bytes.length - incompleteLength(bytes);
      if (whole === bytes.length) {
        incomplete = EMPTY;
        return wellFormed(bytes);
      }
      incomplete = Buffer.from(bytes.subarray(whole));
      return wellFormed(bytes.subarray(0, whole));
    },
    flush() {
      const rest = incomplete;
      incomplete = EMPTY;
      return wellFormed(rest);
    },
  };
}

/** Drops the byte order mark and never splits a surrogate pair. */
function utf16(): Decoder {
  const decoder = new TextDecoder("utf-16le");
  return { push: (chunk) => Buffer.from(decoder.decode(chunk, { stream: true })), flush: () => Buffer.from(decoder.decode()) };
}

function wellFormed(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString("utf8"));
}

/** How many of the last bytes begin a character that the next chunk completes. */
function incompleteLength(bytes: Buffer): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count += 1) {
    const byte = bytes[bytes.length - count] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return count < characterLength(byte) ? count : 0;
  }
  return 0;
}

/** The length in bytes of a character with this first byte; 1 for a byte that cannot begin one. */
function characterLength(first: number): number {
  if (first > 0xf4) return 1;
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

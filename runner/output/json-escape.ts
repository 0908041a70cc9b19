// Escapes text for the inside of a JSON string, bytes to bytes: what `JSON.stringify` does, at the speed of a pipe.
import { assembleEscape } from "./json-escape-simd.ts";
import { continuesCharacter } from "./utf8.ts";

/** How far an escaping got. */
export interface Escaped {
  /** The offset in the text after what was read. */
  readonly read: number;
  /** The offset in the target after what was written. */
  readonly written: number;
}

/**
 * Writes `text`, whole UTF-8 characters, from offset `from` on into `target` from offset `at` up to `limit`: as much as
 * fits, without splitting a character.
 */
export type JsonEscape = (text: Buffer, from: number, target: Buffer, at: number, limit: number) => Escaped;

/** The escape of each byte that needs one, as `JSON.stringify` writes it. */
const ESCAPES: readonly (Buffer | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const escape = byte < 0x80 ? JSON.stringify(String.fromCharCode(byte)).slice(1, -1) : "";
  return escape.length > 1 ? Buffer.from(escape) : undefined;
});
/** Below this many bytes, calling WebAssembly costs more than it saves. */
const MIN_SIMD_BYTES = 256;

/** Makes an escape function. Long texts go sixteen bytes at a time where the machine can; that code is assembled at the first of them. */
export function createJsonEscape(): JsonEscape {
  let simd: JsonEscape | undefined;

  return (text, from, target, at, limit) => {
    let read = from;
    let written = at;
    if (text.length - from >= MIN_SIMD_BYTES) {
      simd ??= assembleEscape(ESCAPES) ?? escapeNothing;
      ({ read, written } = simd(text, from, target, at, limit));
    }
    for (; read < text.length; read += 1) {
      const byte = text[read] as number;
      const escape = ESCAPES[byte];
      if (written + (escape?.length ?? 1) > limit) break;
      if (escape === undefined) target[written] = byte;
      else target.set(escape, written);
      written += escape?.length ?? 1;
    }
    for (; read > from && continuesCharacter(text[read]); read -= 1) written -= 1;
    return { read, written };
  };
}

const escapeNothing: JsonEscape = (_text, from, _target, at) => ({ read: from, written: at });

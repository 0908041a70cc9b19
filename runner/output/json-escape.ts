// A text as the inside of a JSON string, from bytes to bytes: what `JSON.stringify` does, at the speed of a pipe.
import { assembleEscape } from "./json-escape-simd.ts";
import { continuesCharacter } from "./utf8.ts";

/** How far an escaping came. */
export interface Escaped {
  /** The place in the text behind what was taken. */
  readonly read: number;
  /** The place in the target behind what was written. */
  readonly written: number;
}

/**
 * Writes `text`, the bytes of whole characters of UTF-8, from `from` on into `target` from `at` up to `limit`: as much
 * as there is room for, and no part of a character.
 */
export type JsonEscape = (text: Buffer, from: number, target: Buffer, at: number, limit: number) => Escaped;

/** The escape of each byte that can't stand for itself, as `JSON.stringify` writes it. */
const ESCAPES: readonly (Buffer | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const escape = byte < 0x80 ? JSON.stringify(String.fromCharCode(byte)).slice(1, -1) : "";
  return escape.length > 1 ? Buffer.from(escape) : undefined;
});
/** For a shorter text it does not pay to leave JavaScript. */
const LONG = 256;

/** Makes an escape. Long texts go sixteen bytes at a time, from the first of them on, where this machine can do that. */
export function createJsonEscape(): JsonEscape {
  let long: JsonEscape | undefined;

  return (text, from, target, at, limit) => {
    let read = from;
    let written = at;
    if (text.length - from >= LONG) ({ read, written } = (long ??= assembleEscape(ESCAPES) ?? nothingYet)(text, from, target, at, limit));
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

const nothingYet: JsonEscape = (_text, from, _target, at) => ({ read: from, written: at });

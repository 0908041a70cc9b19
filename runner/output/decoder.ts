// Bytes → text, chunk by chunk, without tearing a character.
import { StringDecoder } from "node:string_decoder";

/** Turns chunks of bytes into text; what is no character becomes U+FFFD. */
export interface Decoder {
  push(bytes: Buffer): string;
  /** What was left of a character that never became whole. */
  flush(): string;
}

/** Reads UTF-8, or UTF-16 little-endian where the first two bytes say so, as Windows PowerShell writes it. */
export function createDecoder(): Decoder {
  let decoder: Decoder | undefined;
  let early: Buffer = Buffer.alloc(0);
  return {
    push(bytes) {
      if (decoder !== undefined) return decoder.push(bytes);
      early = Buffer.concat([early, bytes]);
      if (early.length === 0 || (early.length === 1 && early[0] === 0xff)) return "";
      decoder = early[0] === 0xff && early[1] === 0xfe ? utf16() : utf8();
      return decoder.push(early);
    },
    flush() {
      if (decoder !== undefined) return decoder.flush();
      return early.toString("utf8");
    },
  };
}

function utf8(): Decoder {
  const decoder = new StringDecoder("utf8");
  return { push: (bytes) => decoder.write(bytes), flush: () => decoder.end() };
}

/** Takes the byte order mark away; unlike `StringDecoder` it never hands out half of a surrogate pair. */
function utf16(): Decoder {
  const decoder = new TextDecoder("utf-16le");
  return { push: (bytes) => decoder.decode(bytes, { stream: true }), flush: () => decoder.decode() };
}

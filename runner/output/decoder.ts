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
  let decoder: StringDecoder | undefined;
  return {
    push(bytes) {
      if (decoder !== undefined) return decoder.write(bytes);
      const wide = bytes.length >= 2 && bytes[0] === 0xff && bytes[1] === 0xfe;
      decoder = new StringDecoder(wide ? "utf16le" : "utf8");
      return decoder.write(wide ? bytes.subarray(2) : bytes);
    },
    flush: () => decoder?.end() ?? "",
  };
}

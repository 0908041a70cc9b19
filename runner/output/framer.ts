// Turns text into log frames.
import { LOG_FRAME, MAX_FRAME_BYTES } from "../protocol/frames.ts";
import { createJsonEscape } from "./json-escape.ts";

/**
 * Turns a text of whole UTF-8 characters into frames of at most `MAX_FRAME_BYTES` that split no character; none for an
 * empty text. The frames share no memory with the text.
 */
export type Framer = (text: Buffer) => Buffer[];

const { open, close } = LOG_FRAME;
/** The first allowance for escapes: the line breaks and quotes of ordinary text. */
const escapeAllowance = (length: number): number => 32 + (length >> 3);

/** Makes a framer; one serves any number of runs. */
export function createFramer(): Framer {
  const escape = createJsonEscape();

  /** Makes one frame with as much of the text as fits, again with more space if there was more to escape than allowed for. */
  function frameFrom(text: Buffer, from: number): { readonly frame: Buffer; readonly read: number } {
    const left = text.length - from;
    for (let size = open.length + left + escapeAllowance(left) + close.length; ; size *= 2) {
      const frame = Buffer.allocUnsafe(Math.min(size, MAX_FRAME_BYTES));
      open.copy(frame);
      const { read, written } = escape(text, from, frame, open.length, frame.length - close.length);
      if (read < text.length && size < MAX_FRAME_BYTES) continue;
      close.copy(frame, written);
      return { frame: frame.subarray(0, written + close.length), read };
    }
  }

  return (text) => {
    const frames: Buffer[] = [];
    for (let from = 0; from < text.length;) {
      const { frame, read } = frameFrom(text, from);
      frames.push(frame);
      from = read;
    }
    return frames;
  };
}

// Text → log frames.
import { LOG_FRAME, MAX_FRAME_BYTES } from "../protocol/frames.ts";
import { createJsonEscape } from "./json-escape.ts";

/**
 * The frames that carry a text, the bytes of whole characters of UTF-8: each at most `MAX_FRAME_BYTES` and none with a
 * part of a character; none for an empty text. They share no memory with the text.
 */
export type Framer = (text: Buffer) => Buffer[];

const { open, close } = LOG_FRAME;
/** What is set aside for escapes at first: line breaks and quotes of an ordinary text. */
const roomToEscape = (length: number): number => 32 + (length >> 3);

/** Makes a framer; one is enough for any number of runs. */
export function createFramer(): Framer {
  const escape = createJsonEscape();

  /** One frame with as much of the text as goes into it; it is made anew where more was to be escaped than expected. */
  function frameFrom(text: Buffer, from: number): { readonly frame: Buffer; readonly read: number } {
    const left = text.length - from;
    for (let size = open.length + left + roomToEscape(left) + close.length; ; size *= 2) {
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

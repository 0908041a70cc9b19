// The lines of an answer to a job (protocol, section 2): newline-delimited JSON, one frame a line, in bytes of UTF-8.
import type { RunResult } from "./result.ts";

/** The most that one log frame takes on the wire, in bytes: the host's splitter costs the square of a line's length. */
export const MAX_FRAME_BYTES = 64 * 1024;

/** What stands in a log frame around the inside of the JSON string that is its text. */
export const LOG_FRAME = { open: Buffer.from('{"type":"log","line":"'), close: Buffer.from('"}\n') } as const;

/** An empty line: the host ignores it, its idle time-out does not. */
export const KEEP_ALIVE = Buffer.from("\n");

/** The frame that ends a run. */
export function resultFrame(result: RunResult): Buffer {
  return Buffer.from(`{"type":"result","data":${JSON.stringify(result)}}\n`);
}

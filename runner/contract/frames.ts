// The lines of an answer to a job (protocol, section 2): newline-delimited JSON, one frame a line.
import type { RunResult } from "./result.ts";

/** The most that one log frame takes on the wire, in bytes: the host's splitter costs the square of a line's length. */
export const MAX_FRAME_BYTES = 64 * 1024;

/** An empty line: the host ignores it, its idle time-out does not. */
export const KEEP_ALIVE = "\n";

const OPEN = '{"type":"log","line":';
const CLOSE = "}\n";
const ROOM = MAX_FRAME_BYTES - OPEN.length - CLOSE.length;

/** The frames that carry a text, each at most `MAX_FRAME_BYTES` and none with half a character; none for an empty text. */
export function logFrames(text: string): string[] {
  const frames: string[] = [];
  pushFrames(text, frames);
  return frames;
}

/** The frame that ends a run. */
export function resultFrame(result: RunResult): string {
  return `{"type":"result","data":${JSON.stringify(result)}}\n`;
}

function pushFrames(text: string, frames: string[]): void {
  if (text === "") return;
  if (text.length + '""'.length > ROOM) return pushHalves(text, frames);
  const json = JSON.stringify(text);
  if (json.length <= ROOM && (json.length * 3 <= ROOM || Buffer.byteLength(json) <= ROOM)) {
    frames.push(OPEN + json + CLOSE);
    return undefined;
  }
  return pushHalves(text, frames);
}

function pushHalves(text: string, frames: string[]): void {
  let middle = text.length >>> 1;
  if (isLowSurrogate(text.charCodeAt(middle))) middle += 1;
  pushFrames(text.slice(0, middle), frames);
  pushFrames(text.slice(middle), frames);
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

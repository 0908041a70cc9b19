// The lines of a part of a file, in bounded memory.
import type { FileHandle } from "node:fs/promises";

const CHUNK_BYTES = 64 * 1024;
const BREAK = 0x0a;

/**
 * Reads the bytes from `start` to `end` as lines, in batches of what one read of 64 KiB brought. Each line keeps its
 * break; only the last one can be without, where the file ends in the middle of it.
 */
export async function* readLines(handle: FileHandle, start: number, end: number): AsyncGenerator<readonly Buffer[]> {
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(0, end - start)));
  let begun: Buffer[] = [];
  let at = start;
  while (at < end) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, end - at), at);
    if (bytesRead === 0) break;
    at += bytesRead;
    const whole = chunk.subarray(0, bytesRead).lastIndexOf(BREAK) + 1;
    const rest = Buffer.from(chunk.subarray(whole, bytesRead));
    if (whole === 0) {
      begun.push(rest);
      continue;
    }
    const lines = linesOf(Buffer.concat([...begun, chunk.subarray(0, whole)]));
    begun = rest.length === 0 ? [] : [rest];
    yield lines;
  }
  if (begun.length > 0) yield [Buffer.concat(begun)];
}

/** The lines of bytes that end with a break. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(BREAK, at) + 1;
    lines.push(bytes.subarray(at, end));
    at = end;
  }
  return lines;
}

/** Writes all bytes at `position`, or at the end of a file that was opened for appending; `onWritten` hears of every part that got in. */
export async function writeAll(handle: FileHandle, bytes: Buffer, position: number | null, onWritten: (count: number) => void = () => {}): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position === null ? null : position + done);
    done += bytesWritten;
    onWritten(bytesWritten);
  }
}

/** A line's JSON object, or none where the line holds something else. */
export function parseRow(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const row: unknown = JSON.parse(line);
    return typeof row === "object" && row !== null && !Array.isArray(row) ? (row as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

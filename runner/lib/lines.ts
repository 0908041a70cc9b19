// Files of lines: opened with care, since anybody may have written them, and read in bounded memory.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

const CHUNK_BYTES = 64 * 1024;
const BREAK = 0x0a;
/** Windows has neither of the last two. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Opens a regular file for reading. Rejects with an error without a `code` for a link, a folder, a FIFO or a device. */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const handle = await open(path, OPEN_FLAGS).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ELOOP" ? new Error("it is a symbolic link") : error;
  });
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Error("it is no regular file");
}

/** What to read of a file: by default all that is there now. */
export interface ReadLinesOptions {
  readonly start?: number;
  readonly end?: number;
  /** About how long a line may be. */
  readonly maxBytes?: number;
}

/**
 * Reads lines in batches of what one read of 64 KiB brought. Each line keeps its break; only the last one can lack it.
 * Rejects at a line that is too long.
 */
export async function* readLines(handle: FileHandle, options: ReadLinesOptions = {}): AsyncGenerator<readonly Buffer[]> {
  const { start = 0, end, maxBytes = Infinity } = options;
  const last = end ?? (await handle.stat()).size;
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(0, last - start)));
  let begun: Buffer[] = [];
  for (let at = start; at < last;) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, last - at), at);
    if (bytesRead === 0) break;
    at += bytesRead;
    const whole = chunk.subarray(0, bytesRead).lastIndexOf(BREAK) + 1;
    const remainder = Buffer.from(chunk.subarray(whole, bytesRead));
    if (whole === 0) {
      begun.push(remainder);
      if (begun.length * CHUNK_BYTES > maxBytes) throw new Error(`a line is longer than ${maxBytes} bytes`);
      continue;
    }
    const lines = linesOf(Buffer.concat([...begun, chunk.subarray(0, whole)]));
    begun = remainder.length === 0 ? [] : [remainder];
    yield lines;
  }
  if (begun.length > 0) yield [Buffer.concat(begun)];
}

/** Reads the last line of a file; nothing where it has no break, or is longer than `maxBytes`. */
export async function readLastLine(handle: FileHandle, maxBytes: number): Promise<Buffer | undefined> {
  const { size } = await handle.stat();
  for (let length = CHUNK_BYTES; length < 4 * maxBytes; length *= 4) {
    const start = Math.max(0, size - Math.min(length, maxBytes));
    const buffer = Buffer.allocUnsafe(size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const bytes = buffer.subarray(0, bytesRead);
    if (bytes.at(-1) !== BREAK) return undefined;
    const line = bytes.lastIndexOf(BREAK, -2) + 1;
    if (line > 0 || start === 0) return bytes.subarray(line);
  }
  return undefined;
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

/** Writes all bytes at `position`, or after what was written last; `onWritten` is called with the size of every part. */
export async function writeAll(
  handle: FileHandle, bytes: Buffer, position: number | null, onWritten: (count: number) => void = () => {},
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position === null ? null : position + done);
    done += bytesWritten;
    onWritten(bytesWritten);
  }
}

/** A line's JSON object, or nothing where the line holds something else. */
export function parseRow(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const row: unknown = JSON.parse(line);
    return typeof row === "object" && row !== null && !Array.isArray(row) ? (row as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

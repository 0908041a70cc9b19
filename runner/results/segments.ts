// The files of the archive: records behind each other, in numbered files that go oldest first.
import { constants } from "node:fs";
import { open, readdir, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { ensureDir, PRIVATE_FILE } from "../lib/files.ts";
import { parseRow, writeAll } from "../lib/lines.ts";

const NAME = /^(\d{6,})\.ndjson$/;
/** Header lines are shorter than this by far; a scan reads as much at once. */
const WINDOW_BYTES = 256 * 1024;

/** A file of the archive. */
export interface Segment {
  readonly file: string;
  readonly number: number;
  /** The bytes of its whole records. */
  size: number;
  /** The bytes behind them that are no record. */
  torn: number;
  /** Nothing more is to be written to it. */
  done: boolean;
}

/** The first line of a record: what follows it. */
export interface Header {
  readonly runId: string;
  /** When it was stored, ISO 8601. */
  readonly at: string;
  readonly frames: number;
  readonly gapAt: number;
  readonly missing: number;
  /** Of the frames behind this line, and of the last of them. */
  readonly bytes: number;
  readonly resultBytes: number;
}

/** A header found in a file: where its line begins and where the frames do. */
export interface Found {
  readonly header: Header;
  readonly at: number;
  readonly frames: number;
}

/** A header as a line. */
export function formatHeader(header: Header): Buffer {
  return Buffer.from(`${JSON.stringify({ type: "run", ...header })}\n`);
}

/** The segments in a folder, oldest first; none where there is no folder. */
export async function listSegments(directory: string): Promise<Segment[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const numbers = names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b).map((number) => segmentOf(directory, number));
}

/** Walks over a segment's whole records, in bounded memory, and sets its `size` and `torn`. */
export async function scanSegment(segment: Segment, onRecord: (found: Found) => void): Promise<void> {
  const handle = await open(segment.file, "r");
  try {
    const { size } = await handle.stat();
    const window = createWindow(handle);
    for (let at = 0; ;) {
      segment.size = at;
      segment.torn = size - at;
      const found = await window.header(at);
      const end = found === undefined ? Number.POSITIVE_INFINITY : found.frames + found.header.bytes;
      if (found === undefined || end > size) return;
      onRecord(found);
      at = end;
    }
  } finally {
    await handle.close();
  }
}

/** Reads the header at an offset; none where there is something else. */
export async function readHeader(handle: FileHandle, at: number): Promise<Found | undefined> {
  return createWindow(handle, 4096).header(at);
}

/** Opens a new segment behind the last one for appending; another process's is not touched. */
export async function startSegment(directory: string, last: number): Promise<{ segment: Segment; handle: FileHandle }> {
  await ensureDir(directory);
  for (let number = last + 1; ; number++) {
    const segment = segmentOf(directory, number);
    try {
      return { segment, handle: await open(segment.file, "ax", PRIVATE_FILE) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** Opens a segment for more records; none where the file is not as we left it. */
export async function reopenSegment({ file, size }: Segment): Promise<FileHandle | undefined> {
  const handle = await open(file, constants.O_WRONLY | constants.O_APPEND).catch(() => undefined);
  if (handle === undefined || (await handle.stat()).size === size) return handle;
  await handle.close();
  return undefined;
}

/** Appends a record, all or nothing as far as the disk allows. */
export async function appendRecord(handle: FileHandle, segment: Segment, header: Buffer, pieces: AsyncIterable<Buffer>): Promise<void> {
  let before = header;
  let size = segment.size;
  try {
    for await (const piece of pieces) {
      await writeAll(handle, Buffer.concat([before, piece]), null);
      size += before.length + piece.length;
      before = Buffer.alloc(0);
    }
  } catch (error) {
    await handle.truncate(segment.size).catch(() => {});
    throw error;
  }
  segment.size = size;
}

/** Removes a segment's file. */
export async function removeSegment(segment: Segment): Promise<void> {
  await rm(segment.file, { force: true });
}

/** Whether a segment's file is there. */
export async function segmentExists(segment: Segment): Promise<boolean> {
  return stat(segment.file).then(() => true, () => false);
}

function segmentOf(directory: string, number: number): Segment {
  return { file: join(directory, `${String(number).padStart(6, "0")}.ndjson`), number, size: 0, torn: 0, done: false };
}

/** Finds header lines in a part of a file that is read anew only when they lie outside. */
function createWindow(handle: FileHandle, length = WINDOW_BYTES): { header(at: number): Promise<Found | undefined> } {
  let bytes = Buffer.alloc(0);
  let start = 0;

  async function move(at: number, length: number): Promise<void> {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await handle.read(buffer, 0, length, at);
    bytes = buffer.subarray(0, bytesRead);
    start = at;
  }
  function lineAt(at: number): Buffer | undefined {
    if (at < start || at >= start + bytes.length) return undefined;
    const end = bytes.indexOf(0x0a, at - start);
    return end < 0 ? undefined : bytes.subarray(at - start, end + 1);
  }

  return {
    async header(at) {
      if (lineAt(at) === undefined) await move(at, length);
      if (lineAt(at) === undefined && bytes.length === length) await move(at, WINDOW_BYTES);
      const line = lineAt(at);
      const header = line === undefined ? undefined : headerOf(line.toString("utf8"));
      return line === undefined || header === undefined ? undefined : { header, at, frames: at + line.length };
    },
  };
}

function headerOf(line: string): Header | undefined {
  const row = parseRow(line);
  if (row?.["type"] !== "run" || typeof row["runId"] !== "string" || typeof row["at"] !== "string") return undefined;
  const counts = [row["frames"], row["gapAt"], row["missing"], row["bytes"], row["resultBytes"]];
  return counts.every((count) => Number.isSafeInteger(count) && (count as number) >= 0) ? (row as unknown as Header) : undefined;
}

// Where each kept run lies in the archive's files, and which files go.
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { gapFrame } from "./frame-log.ts";
import type { FrameLog, KeptFrames } from "./frame-log.ts";
import { readLines } from "../lib/lines.ts";
import { appendRecord, formatHeader, listSegments, readHeader, removeSegment, reopenSegment, scanSegment, segmentExists, startSegment } from "./segments.ts";
import type { Found, Segment } from "./segments.ts";

/** There are at most about this many files. */
const SEGMENTS = 16;
/** The most runs that are known, so that memory has a bound too. */
const MAX_RUNS = 20_000;

/** The segments and what lies where in them; `add` and `rest` must not overlap. */
export interface Shelf {
  /** Finds what is there, and removes what is beyond the bound. */
  load(): Promise<void>;
  /** Appends a run, and removes the oldest ones beyond the bound, or as long as the disk is full. Rejects where it can't be kept. */
  add(runId: string, frames: FrameLog): Promise<void>;
  /** Lets go of the file that is written. */
  rest(): Promise<void>;
  /** The line of a run's result frame. */
  result(runId: string): Promise<Buffer | undefined>;
  frames(runId: string, from: number, signal: AbortSignal): Promise<AsyncIterable<Buffer> | undefined>;
}

interface Place {
  readonly segment: Segment;
  readonly at: number;
}

/** Makes a shelf that knows of nothing before `load`. */
export function createShelf({ directory, maxBytes, log }: { directory: string; maxBytes: number; log: Pick<Log, "warn"> }): Shelf {
  const index = new Map<string, Place>();
  const segments: Segment[] = [];
  let current: { segment: Segment; handle: FileHandle } | undefined;

  function place(runId: string, segment: Segment, at: number): void {
    index.delete(runId);
    index.set(runId, { segment, at });
    if (index.size > MAX_RUNS) index.delete(index.keys().next().value ?? "");
  }

  /** The index is in the order of the files, so that the entries of the oldest file are the first. */
  function forget(segment: Segment): void {
    if (segments.includes(segment)) segments.splice(segments.indexOf(segment), 1);
    for (const [runId, found] of index) {
      if (found.segment === segment) index.delete(runId);
      else if (found.segment.number > segment.number) break;
    }
  }

  async function rest(): Promise<void> {
    const resting = current;
    current = undefined;
    await resting?.handle.close().catch(() => {});
  }

  async function dropOldest(): Promise<void> {
    const [oldest] = segments;
    if (oldest === undefined) return;
    if (current?.segment === oldest) await rest();
    forget(oldest);
    await removeSegment(oldest);
  }

  async function evict(): Promise<void> {
    while (total() > maxBytes) await dropOldest();
  }

  function total(): number {
    return segments.reduce((sum, { size, torn }) => sum + size + torn, 0);
  }

  /** The file for the next record: the last one while there is room in it and it is as it was left, else a new one. */
  async function openCurrent(): Promise<{ segment: Segment; handle: FileHandle }> {
    const last = segments.at(-1);
    if (last !== undefined && !last.done && last.size < maxBytes / SEGMENTS) {
      if (current !== undefined) return current;
      const handle = await reopenSegment(last);
      if (handle !== undefined) return (current = { segment: last, handle });
      for (const segment of [...segments]) if (!(await segmentExists(segment))) forget(segment);
    }
    await rest();
    current = await startSegment(directory, last?.number ?? 0);
    segments.push(current.segment);
    return current;
  }

  async function write(runId: string, header: Buffer, kept: KeptFrames): Promise<void> {
    const { segment, handle } = await openCurrent();
    const at = segment.size;
    try {
      await appendRecord(handle, segment, header, kept.pieces());
      place(runId, segment, at);
    } catch (error) {
      await giveUpOn(segment);
      throw error;
    }
  }

  /** What went wrong with a file may go on: the next record gets a new one. */
  async function giveUpOn(segment: Segment): Promise<void> {
    await rest();
    segment.done = true;
    if (segment.size > 0) return;
    forget(segment);
    await removeSegment(segment).catch(() => {});
  }

  function unreadable({ file }: Segment, error: string): void {
    log.warn("A part of the results of earlier runs can't be read, as a crash leaves it; it is skipped", { file, error });
  }

  async function find(runId: string): Promise<{ handle: FileHandle; found: Found } | undefined> {
    const where = index.get(runId);
    const handle = where && (await open(where.segment.file, "r").catch(() => undefined));
    if (where === undefined || handle === undefined) return undefined;
    const found = await readHeader(handle, where.at).catch(() => undefined);
    if (found?.header.runId === runId) return { handle, found };
    await handle.close();
    return undefined;
  }

  return {
    rest,
    async load() {
      for (const segment of await listSegments(directory)) {
        segments.push(segment);
        await scanSegment(segment, ({ header, at }) => place(header.runId, segment, at)).catch((error: unknown) => unreadable(segment, messageOf(error)));
        if (segment.torn > 0) unreadable(segment, `${segment.torn} bytes at its end are no whole run`);
      }
      await evict();
    },
    async add(runId, frames) {
      const kept = await frames.kept();
      const header = formatHeader({ runId, at: new Date().toISOString(), ...countsOf(kept) });
      const bytes = header.length + kept.bytes;
      if (bytes > maxBytes) throw new Error(`the run takes ${bytes} bytes, all together may take ${maxBytes}`);
      for (;;) {
        try {
          await write(runId, header, kept);
          return await evict();
        } catch (error) {
          if (!isFull(error) || total() < bytes) throw error;
          await dropOldest();
        }
      }
    },
    async result(runId) {
      const { handle, found } = (await find(runId)) ?? {};
      if (handle === undefined || found === undefined) return undefined;
      try {
        const { bytes, resultBytes } = found.header;
        const line = Buffer.alloc(resultBytes);
        await handle.read(line, 0, resultBytes, found.frames + bytes - resultBytes);
        return line;
      } catch {
        return undefined;
      } finally {
        await handle.close();
      }
    },
    async frames(runId, from, signal) {
      const { handle, found } = (await find(runId)) ?? {};
      return handle && found && readRecord(handle, found, from, signal);
    },
  };
}

function countsOf({ frames, gapAt, missing, bytes, resultBytes }: KeptFrames): Omit<KeptFrames, "pieces"> {
  return { frames, gapAt, missing, bytes, resultBytes };
}

/** The disk is: an older run has to go. */
function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
}

function readRecord(handle: FileHandle, { header, frames: start }: Found, from: number, signal: AbortSignal): AsyncIterable<Buffer> {
  const close = () => void handle.close().catch(() => {});
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  return (async function* () {
    let number = 0;
    try {
      for await (const lines of readLines(handle, { start, end: start + header.bytes })) {
        for (const line of lines) {
          if (number === header.gapAt && header.missing > 0) {
            number += header.missing;
            if (from < number) yield gapFrame(number - Math.max(from, header.gapAt));
          }
          if (signal.aborted) return;
          if (number >= from) yield line;
          number += 1;
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", close);
      close();
    }
  })();
}

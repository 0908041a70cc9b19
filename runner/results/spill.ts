// Frames of a run that are too many for memory: a file without a name, so that nothing can leave it behind.
import { randomBytes } from "node:crypto";
import { open, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { ensureDir, PRIVATE_FILE } from "../lib/files.ts";
import { readLines, writeAll } from "../lib/lines.ts";

/** Frames on disk, numbered from 0. */
export interface Spill {
  /** How many frames are there, and their bytes. */
  readonly frames: number;
  readonly bytes: number;
  /** Appends frames, all or none; calls must not overlap. Rejects where they can't be written. */
  append(frames: readonly Buffer[]): Promise<void>;
  /** The frames from the `from`-th on to the last that is there now. Its holder must hold the spill. */
  read(from: number): AsyncIterable<Buffer>;
  /** All bytes there are, in pieces of at most 1 MiB. */
  pieces(): AsyncIterable<Buffer>;
  /** Keeps the file until it is let go of as often; the last one to let go closes it. */
  hold(): void;
  letGo(): void;
}

const PIECE_BYTES = 1024 * 1024;

/** A spill that is held once; its file is made in `directory` at the first append. */
export function createSpill(directory: string): Spill {
  const marks: { readonly frame: number; readonly offset: number }[] = [];
  let handle: FileHandle | undefined;
  let holders = 1;
  let frames = 0;
  let bytes = 0;

  return {
    get frames() { return frames; },
    get bytes() { return bytes; },
    async append(added) {
      handle ??= await openNameless(directory);
      const data = Buffer.concat(added);
      await writeAll(handle, data, bytes);
      marks.push({ frame: frames, offset: bytes });
      frames += added.length;
      bytes += data.length;
    },
    async *read(from) {
      const mark = marks.findLast(({ frame }) => frame <= from);
      if (handle === undefined || mark === undefined) return;
      let number = mark.frame;
      for await (const lines of readLines(handle, { start: mark.offset, end: bytes })) {
        for (const line of lines) {
          if (number >= from) yield line;
          number += 1;
        }
      }
    },
    async *pieces() {
      for (let at = 0; handle !== undefined && at < bytes;) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, bytes - at));
        const { bytesRead } = await handle.read(piece, 0, piece.length, at);
        if (bytesRead === 0) throw new Error(`Cannot read the frames of a run: wanted ${bytes} bytes, found ${at}`);
        at += bytesRead;
        yield piece.subarray(0, bytesRead);
      }
    },
    hold() { holders += 1; },
    letGo() {
      holders -= 1;
      if (holders > 0) return;
      void handle?.close().catch(() => {});
      handle = undefined;
    },
  };
}

/** The name goes while the file is open: its space is free again when it is closed, also by a kill. */
async function openNameless(directory: string): Promise<FileHandle> {
  await ensureDir(directory);
  const file = join(directory, `.frames-${process.pid}-${randomBytes(6).toString("hex")}`);
  const handle = await open(file, "wx+", PRIVATE_FILE);
  await rm(file, { force: true }).catch(() => {});
  return handle;
}

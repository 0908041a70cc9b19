// Frames of a run that are too many for memory, in a file without a name, which no crash can leave on the disk.
import { randomBytes } from "node:crypto";
import { open, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { ensureDir, PRIVATE_FILE } from "../lib/files.ts";
import { readLines, writeAll } from "../lib/lines.ts";

const PIECE_BYTES = 1024 * 1024;

/** Frames on disk, numbered from 0. The file is made in `directory` at the first append and closed when its last holder releases it. */
export class SpillFile {
  readonly #directory: string;
  /** Where some of the frames begin, so that a reader needs not start at the first. */
  readonly #offsets: { readonly frame: number; readonly offset: number }[] = [];
  #handle: FileHandle | undefined;
  #holders = 1;
  #frames = 0;
  #bytes = 0;

  /** A spill file that its maker holds. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** How many frames there are. */
  get frames(): number { return this.#frames; }
  get bytes(): number { return this.#bytes; }

  /** Appends frames, all or none; calls must not overlap. Rejects where they cannot be written. */
  async append(frames: readonly Buffer[]): Promise<void> {
    this.#handle ??= await openNameless(this.#directory);
    const bytes = Buffer.concat(frames);
    await writeAll(this.#handle, bytes, this.#bytes);
    this.#offsets.push({ frame: this.#frames, offset: this.#bytes });
    this.#frames += frames.length;
    this.#bytes += bytes.length;
  }

  /** The frames from the `from`-th to the last that is there now. The reader must hold the file. */
  async *read(from: number): AsyncGenerator<Buffer> {
    const nearest = this.#offsets.findLast(({ frame }) => frame <= from);
    if (this.#handle === undefined || nearest === undefined) return;
    let number = nearest.frame;
    for await (const lines of readLines(this.#handle, { start: nearest.offset, end: this.#bytes })) {
      for (const line of lines) {
        if (number >= from) yield line;
        number += 1;
      }
    }
  }

  /** All bytes, in pieces of at most 1 MiB. */
  async *pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; this.#handle !== undefined && at < this.#bytes;) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, this.#bytes - at));
      const { bytesRead } = await this.#handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) throw new Error(`Cannot read the frames of a run: wanted ${this.#bytes} bytes, found ${at}`);
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  }

  /** Keeps the file open until it is released once more. */
  hold(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    void this.#handle?.close().catch(() => {});
    this.#handle = undefined;
  }
}

/** The name goes while the file is open, so its space is free again when the file is closed, by a kill too. */
async function openNameless(directory: string): Promise<FileHandle> {
  await ensureDir(directory);
  const file = join(directory, `.frames-${process.pid}-${randomBytes(6).toString("hex")}`);
  const handle = await open(file, "wx+", PRIVATE_FILE);
  await rm(file, { force: true }).catch(() => {});
  return handle;
}

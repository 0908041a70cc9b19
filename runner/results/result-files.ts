// The folder of kept results: a file per run, the oldest going first.
import { createHash } from "node:crypto";
import { lstat, open, readdir, rename, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { ensureDir, PRIVATE_FILE } from "../lib/files.ts";
import { writeAll } from "../lib/lines.ts";
import type { Log } from "../lib/log.ts";
import type { FrameLog, FrameLogContents } from "./frame-log.ts";
import { MAX_RESULT_BYTES } from "./result-file.ts";

/** The most files: more make a folder slow. */
const MAX_FILES = 20_000;
/** A file takes whole blocks of the disk. */
const BLOCK_BYTES = 4096;
/** So many files are looked at together at the start; other work comes in between. */
const FILES_AT_ONCE = 16;
/** A temporary file of this age is left over from a crash. */
const STALE_MS = 60_000;

const RESULT = /^\d{8}T\d{9}Z-([a-z0-9_~-]+)\.ndjson$/;
const TEMPORARY = /^\.\d{8}T.*\.ndjson\.\d+$/;
/** Version 0.3.0 kept many runs in a file. */
const SEGMENT = /^\d{6,}\.ndjson$/;

/** The file of a run. */
interface KeptFile {
  readonly name: string;
  readonly bytes: number;
}

interface Found extends KeptFile {
  readonly key: string;
  readonly mtimeMs: number;
}

/** What the folder depends on: where it is, and the most bytes that it takes. */
export interface ResultFilesOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly log: Pick<Log, "info">;
}

/** The files of kept runs, at most one for each run id. `load` and `add` must not overlap. */
export class ResultFiles {
  readonly #options: ResultFilesOptions;
  /** By run key, the oldest first. */
  readonly #files = new Map<string, KeptFile>();
  #bytes = 0;

  /** A folder of which nothing is known before `load`. */
  constructor(options: ResultFilesOptions) {
    this.#options = options;
  }

  /** The path of a run's file, whether it is there or not; without a start, that of the last run with this id, if one is kept. */
  path(runId: string, startedAt?: string): string | undefined {
    const name = startedAt === undefined ? this.#files.get(keyOf(runId))?.name : nameOf(runId, startedAt);
    return name === undefined ? undefined : join(this.#options.directory, name);
  }

  /** Finds what is there by names and times, and removes what is beyond the bounds. Rejects where the folder cannot be read. */
  async load(): Promise<void> {
    const { directory, maxBytes, log } = this.#options;
    const names = await readdir(directory).catch(ignoreMissing) ?? [];
    const found: Found[] = [];
    for (let at = 0; at < names.length; at += FILES_AT_ONCE)
      await Promise.all(names.slice(at, at + FILES_AT_ONCE).map((name) => this.#look(name, found)));
    for (const { key, name, bytes } of found.sort((a, b) => a.mtimeMs - b.mtimeMs)) await this.#enter(key, name, bytes);
    await this.#evict(0, maxBytes);
    const segments = names.filter((name) => SEGMENT.test(name));
    for (const name of segments) await this.#unlink(name);
    if (segments.length === 0) return;
    log.info("Results that version 0.3.0 had kept were removed: its files are not read any more", { directory, files: segments.length });
  }

  /** Keeps a run; the oldest ones go where they are beyond the bounds, and as long as the disk is full. Rejects where it cannot be kept. */
  async add(runId: string, startedAt: string, frames: FrameLog): Promise<void> {
    const { bytes, pieces } = await frames.contents();
    const { maxBytes } = this.#options;
    if (onDisk(bytes) > maxBytes) throw new Error(`the run takes ${bytes} bytes, all together may take ${maxBytes}`);
    if ((frames.result?.length ?? 0) > MAX_RESULT_BYTES) throw new Error(`a result may take ${MAX_RESULT_BYTES} bytes`);
    await this.#evict(bytes, maxBytes);
    try {
      await this.#write(nameOf(runId, startedAt), pieces);
    } catch (error) {
      if (!isFull(error) || this.#files.size === 0) throw error;
      await this.#evict(bytes, this.#bytes);
      return this.add(runId, startedAt, frames);
    }
    await this.#enter(keyOf(runId), nameOf(runId, startedAt), bytes);
  }

  /** Removes the file of the run with this id that is kept, whenever it started. */
  async remove(runId: string): Promise<void> {
    await this.#drop(keyOf(runId));
  }

  /** Under a temporary name at first, so that a file is there whole or not at all. */
  async #write(name: string, pieces: FrameLogContents["pieces"]): Promise<void> {
    const { directory } = this.#options;
    const temporary = `.${name}.${process.pid}`;
    const handle = await openNew(directory, temporary);
    try {
      for await (const piece of pieces) await writeAll(handle, piece, null);
      await handle.close();
      await rename(join(directory, temporary), join(directory, name));
    } catch (error) {
      await handle.close().catch(() => {});
      await this.#unlink(temporary).catch(() => {});
      throw error;
    }
  }

  /** Adds a run's file to `found`, and removes a temporary file that nobody writes any more. */
  async #look(name: string, found: Found[]): Promise<void> {
    const key = RESULT.exec(name)?.[1];
    if (key === undefined && !TEMPORARY.test(name)) return;
    const status = await lstat(join(this.#options.directory, name)).catch(ignoreMissing);
    if (status?.isFile() !== true) return;
    if (key !== undefined) found.push({ key, name, bytes: status.size, mtimeMs: status.mtimeMs });
    else if (Date.now() - status.mtimeMs > STALE_MS) await this.#unlink(name);
  }

  async #enter(key: string, name: string, bytes: number): Promise<void> {
    await this.#drop(key, name);
    this.#files.set(key, { name, bytes });
    this.#bytes += onDisk(bytes);
  }

  async #drop(key: string, kept?: string): Promise<void> {
    const file = this.#files.get(key);
    if (file === undefined) return;
    this.#files.delete(key);
    this.#bytes -= onDisk(file.bytes);
    if (file.name !== kept) await this.#unlink(file.name);
  }

  /** Removes the oldest files until so many bytes more are within `maxBytes`. */
  async #evict(bytes: number, maxBytes: number): Promise<void> {
    for (const key of this.#files.keys()) {
      if (this.#bytes + onDisk(bytes) <= maxBytes && this.#files.size < MAX_FILES) return;
      await this.#drop(key);
    }
  }

  async #unlink(name: string): Promise<void> {
    await unlink(join(this.#options.directory, name)).catch(ignoreMissing);
  }
}

/** Start and id: `20240506T070809123Z-0f8c….ndjson`. */
function nameOf(runId: string, startedAt: string): string {
  return `${new Date(startedAt).toISOString().replace(/[-:.]/g, "")}-${keyOf(runId)}.ndjson`;
}

/** The id, where it can be part of a file's name on every system, else a hash of it. */
function keyOf(runId: string): string {
  return /^[a-z0-9_-]{1,100}$/.test(runId) ? runId : `~${createHash("sha256").update(runId).digest("hex")}`;
}

function onDisk(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

async function openNew(directory: string, name: string): Promise<FileHandle> {
  const file = join(directory, name);
  return open(file, "wx", PRIVATE_FILE).catch(async (error: unknown) => {
    ignoreMissing(error);
    await ensureDir(directory);
    return open(file, "wx", PRIVATE_FILE);
  });
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

/** The disk is: an older run has to go. */
function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
}

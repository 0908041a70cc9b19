// A file that is only appended to, line by line, and rotated: FILE, FILE.1 (the newest of the older ones), FILE.2 …
import { constants } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { ensureDir, PRIVATE_FILE, syncDir } from "../lib/files.ts";
import { writeAll } from "../lib/lines.ts";

const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** What an append came to: how many of its bytes got in, and what stopped it. */
export interface Appended {
  readonly bytes: number;
  readonly error?: unknown;
}

/** The names of a rotated file and its `older` predecessors, oldest first. */
export function rotatedNames(file: string, older: number): string[] {
  return Array.from({ length: older + 1 }, (_, index) => (index === older ? file : `${file}.${older - index}`));
}

/** An append-only file, of which `older` rotated ones are kept; calls must not overlap. */
export class RotatedFile {
  readonly #file: string;
  readonly #older: number;
  #handle: FileHandle | undefined;
  #torn = false;

  /** Opens nothing yet. */
  constructor(file: string, older: number) {
    this.#file = file;
    this.#older = older;
  }

  /** Opens the file for appending, makes it anew where it or its folder was removed, and resolves with its size in bytes. */
  async ready(): Promise<number> {
    return (await this.#sizeOfOpen()) ?? this.#open();
  }

  /** Appends whole lines in one write and syncs them to the disk. A line that was left torn is closed off first. Never rejects. */
  async append(lines: string): Promise<Appended> {
    const before = this.#torn ? "\n" : "";
    let bytes = -before.length;
    try {
      if (this.#handle === undefined) await this.#open();
      if (this.#handle !== undefined) await writeAll(this.#handle, Buffer.from(before + lines), null, (count) => { bytes += count; });
      this.#torn = false;
      await this.#handle?.datasync();
      return { bytes };
    } catch (error) {
      await this.close();
      return { bytes: Math.max(0, bytes), error };
    }
  }

  /** Makes the file the first of the older ones; the oldest goes. */
  async rotate(): Promise<void> {
    await this.close();
    const [oldest = this.#file, ...names] = rotatedNames(this.#file, this.#older);
    await rm(oldest, { force: true });
    for (const [index, name] of names.entries()) await rename(name, index === 0 ? oldest : names[index - 1] ?? oldest).catch(ignoreMissing);
  }

  async close(): Promise<void> {
    const closing = this.#handle;
    this.#handle = undefined;
    await closing?.close().catch(() => {});
  }

  /** Another process, or a person, may have moved or removed the file: its name decides, not what is open. */
  async #sizeOfOpen(): Promise<number | undefined> {
    if (this.#handle === undefined) return undefined;
    const [named, opened] = await Promise.all([stat(this.#file).catch(() => undefined), this.#handle.stat()]);
    return named?.ino === opened.ino && named.dev === opened.dev ? opened.size : undefined;
  }

  async #open(): Promise<number> {
    await this.close();
    await ensureDir(dirname(this.#file));
    const handle = await open(this.#file, APPEND, PRIVATE_FILE);
    this.#handle = handle;
    const status = await handle.stat();
    if (!status.isFile()) throw new Error(`${this.#file} is no regular file`);
    this.#torn = status.size > 0 && !(await endsWithBreak(handle, status.size));
    if (status.size === 0) await syncDir(dirname(this.#file));
    return status.size;
  }
}

async function endsWithBreak(handle: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

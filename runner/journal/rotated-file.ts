// A file that is only appended to, line by line, and rotated: FILE, FILE.1 (the newest of the older ones), FILE.2 …
import { open, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { ensureDir, PRIVATE_FILE, syncDir } from "../lib/files.ts";
import { writeAll } from "../lib/lines.ts";

/** What an append came to: how many of its bytes got in, and what stopped it. */
export interface Appended {
  readonly bytes: number;
  readonly error?: unknown;
}

/** An append-only file; calls must not overlap. */
export interface RotatedFile {
  /** Makes the file ready for appending, also where it or its folder was removed, and resolves with its size in bytes. Rejects where it can't. */
  ready(): Promise<number>;
  /** Appends whole lines in one write and syncs them to the disk. A line that was left torn is closed off first. Never rejects. */
  append(lines: string): Promise<Appended>;
  /** Makes the file the first of the older ones; the oldest goes. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

/** The names of a rotated file and its `older` predecessors, oldest first. */
export function rotatedNames(file: string, older: number): string[] {
  return Array.from({ length: older + 1 }, (_, index) => (index === older ? file : `${file}.${older - index}`));
}

/** Opens nothing yet; `older` is how many rotated files are kept. */
export function createRotatedFile(file: string, older: number): RotatedFile {
  let handle: FileHandle | undefined;
  let torn = false;

  async function close(): Promise<void> {
    const closing = handle;
    handle = undefined;
    await closing?.close().catch(() => {});
  }

  /** Another process, or a person, may have moved or removed the file: its name decides, not what is open. */
  async function sizeOfOpen(): Promise<number | undefined> {
    if (handle === undefined) return undefined;
    const [named, opened] = await Promise.all([stat(file).catch(() => undefined), handle.stat()]);
    return named?.ino === opened.ino && named.dev === opened.dev ? opened.size : undefined;
  }

  async function openAnew(): Promise<number> {
    await close();
    await ensureDir(dirname(file));
    handle = await open(file, "a+", PRIVATE_FILE);
    const { size } = await handle.stat();
    torn = size > 0 && !(await endsWithBreak(handle, size));
    if (size === 0) await syncDir(dirname(file));
    return size;
  }

  return {
    ready: async () => (await sizeOfOpen()) ?? openAnew(),
    async append(lines) {
      const before = torn ? "\n" : "";
      let bytes = -before.length;
      try {
        if (handle === undefined) await openAnew();
        if (handle !== undefined) await writeAll(handle, Buffer.from(before + lines), null, (count) => { bytes += count; });
        torn = false;
        await handle?.datasync();
        return { bytes };
      } catch (error) {
        await close();
        return { bytes: Math.max(0, bytes), error };
      }
    },
    async rotate() {
      await close();
      const [oldest = file, ...names] = rotatedNames(file, older);
      await rm(oldest, { force: true });
      for (const [index, name] of names.entries()) await rename(name, index === 0 ? oldest : names[index - 1] ?? oldest).catch(ignoreMissing);
    },
    close,
  };
}

async function endsWithBreak(handle: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

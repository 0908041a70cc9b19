// Files that are whole at every moment, also when the process or the machine stops in the middle.
import { chmod, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { messageOf } from "./failure.ts";
import type { Log } from "./log.ts";

/** Only the runner's own user reads what it keeps. */
export const PRIVATE_DIR = 0o700;
export const PRIVATE_FILE = 0o600;

const SUFFIX = ".tmp";
const REMOVAL = { recursive: true, force: true, maxRetries: 5, retryDelay: 50 } as const;

/** Makes a folder and those above it, readable for the runner's own user alone. */
export async function ensureDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: PRIVATE_DIR });
}

/** Replaces a file's content: a reader, and a start after a crash, finds the old or the new one whole. A missing folder is made. */
export async function writeWhole(file: string, content: string): Promise<void> {
  await ensureDir(dirname(file));
  const temporary = `${temporaryPrefix(file)}${process.pid}-${crypto.randomUUID()}${SUFFIX}`;
  try {
    const handle = await open(temporary, "wx", PRIVATE_FILE);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncDir(dirname(file));
}

/** Removes what writes of the file left half done when the process was killed. */
export async function removeTemporaries(file: string): Promise<void> {
  const prefix = basename(temporaryPrefix(file));
  const names = await readdir(dirname(file)).catch(() => []);
  const left = names.filter((name) => name.startsWith(prefix) && name.endsWith(SUFFIX));
  await Promise.all(left.map((name) => rm(join(dirname(file), name), { force: true })));
}

function temporaryPrefix(file: string): string {
  return join(dirname(file), `.${basename(file)}.`);
}

/** Makes a new or a changed name last through a power cut, where the platform can open folders. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, "r").catch(() => undefined);
  try {
    await handle?.sync();
  } catch {
    // Windows and some network file systems can't; the file itself is synced.
  } finally {
    await handle?.close();
  }
}

/**
 * Removes a folder with all that is in it, also while a process that is being ended still writes into it, and where a script
 * left folders that must not be written to. What cannot be removed is logged, not thrown.
 */
export async function removeTree(dir: string, log: Pick<Log, "warn">): Promise<void> {
  try {
    await rm(dir, REMOVAL).catch(async () => {
      await makeWritable(dir);
      await rm(dir, REMOVAL);
    });
  } catch (error) {
    log.warn("Cannot remove a folder", { folder: dir, error: messageOf(error) });
  }
}

/** Folders only, and none behind a link. */
async function makeWritable(dir: string): Promise<void> {
  await chmod(dir, PRIVATE_DIR);
  const entries = await readdir(dir, { withFileTypes: true });
  for (const entry of entries.filter((one) => one.isDirectory())) await makeWritable(join(dir, entry.name));
}

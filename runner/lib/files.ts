// Writes files whole and removes folders for good, also after the process or the machine has stopped in the middle.
import { chmod, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "./failure.ts";
import type { Log } from "./log.ts";

/** The mode of a directory that only the runner's own user can use. */
export const PRIVATE_DIR = 0o700;
/** The mode of a file that only the runner's own user can read and write. */
export const PRIVATE_FILE = 0o600;

const SUFFIX = ".tmp";
const REMOVAL_ATTEMPTS = 6;
const REMOVAL_PAUSE_MS = 50;

/**
 * Creates a directory and its missing parents, for the runner's own user alone. Rejects with the system's reason: Node's
 * recursive `mkdir` reports a read-only file system as ENOENT, and never ends where a directory takes no entries (`/proc`).
 */
export async function ensureDir(dir: string): Promise<void> {
  if (await isDirectory(dir)) return;
  try {
    await makeDir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    await ensureDir(dirname(dir));
    await makeDir(dir);
  }
}

/** Somebody else may create it at the same moment. */
async function makeDir(dir: string): Promise<void> {
  await mkdir(dir, { mode: PRIVATE_DIR }).catch(async (error: unknown) => {
    if (!(await isDirectory(dir))) throw error;
  });
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isDirectory(), () => false);
}

/**
 * Replaces the content of a file: a reader, also after a crash, sees the old content or the new, never a part of it. A
 * missing directory is created.
 */
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

/** Removes the temporary files that `writeWhole` left for this file when its process was killed. */
export async function removeTemporaries(file: string): Promise<void> {
  const prefix = basename(temporaryPrefix(file));
  const names = await readdir(dirname(file)).catch(() => []);
  const left = names.filter((name) => name.startsWith(prefix) && name.endsWith(SUFFIX));
  await Promise.all(left.map((name) => rm(join(dirname(file), name), { force: true })));
}

function temporaryPrefix(file: string): string {
  return join(dirname(file), `.${basename(file)}.`);
}

/** Has the entries of a directory survive a power cut, on platforms where a directory can be opened. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, "r").catch(() => undefined);
  try {
    await handle?.sync();
  } catch {
    // Windows and some network file systems cannot; the file itself is synced.
  } finally {
    await handle?.close();
  }
}

/**
 * Removes a directory and everything in it, also while a process that is being ended still writes there, and where a script
 * has made directories read-only. A failure is logged, not thrown. The whole is tried again, not each entry as by the
 * `maxRetries` of `rm`: Node does that at every level, so that one busy folder (a mount) takes minutes at a depth of three.
 */
export async function removeTree(dir: string, log: Pick<Log, "warn">): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rm(dir, { recursive: true, force: true });
    } catch (error) {
      if (attempt === REMOVAL_ATTEMPTS) return log.warn("Cannot remove a folder", { folder: dir, error: messageOf(error) });
      await makeWritable(dir).catch(() => {}); // the removal itself tells what is wrong
      await delay(attempt * REMOVAL_PAUSE_MS);
    }
  }
}

/** Changes directories only, and follows no link. */
async function makeWritable(dir: string): Promise<void> {
  await chmod(dir, PRIVATE_DIR);
  const entries = await readdir(dir, { withFileTypes: true });
  for (const entry of entries.filter((one) => one.isDirectory())) await makeWritable(join(dir, entry.name));
}

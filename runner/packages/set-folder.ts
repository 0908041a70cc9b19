// A package set's folder on disk.
import { readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseRecord, type SetRecord } from "./package-set.ts";

/** The folder for a script's sets, in the script's own folder. */
export const SETS = "sets";
/** A set's record, in its folder. */
export const RECORD_FILE = ".automn-set.json";

/** A set's record, and when its file was last touched in milliseconds since the epoch. */
export interface RecordOnDisk {
  readonly record: SetRecord;
  readonly touchedAt: number;
}

/** Reads the record in a folder; undefined where the folder is no set. */
export async function readRecord(directory: string): Promise<RecordOnDisk | undefined> {
  const file = join(directory, RECORD_FILE);
  const [json, stats] = await Promise.all([readFile(file, "utf8").catch(() => ""), stat(file).catch(() => undefined)]);
  const record = parseRecord(json);
  return record === undefined || stats === undefined ? undefined : { record, touchedAt: stats.mtimeMs };
}

/** Renames a folder to a name that must be free; false where it is taken. */
export async function placeAs(from: string, to: string): Promise<boolean> {
  if (await exists(to)) return false;
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    // Windows refuses a taken name with these, and a folder that somebody has open too.
    if ((code === "EPERM" || code === "EACCES") && (await exists(to))) return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

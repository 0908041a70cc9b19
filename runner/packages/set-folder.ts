// A set's folder as it lies on disk.
import { readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { CONTENT } from "../languages/installer.ts";
import { npmVersionIn } from "../languages/node/npm-version.ts";
import { parseRecord, type SetRecord } from "./package-set.ts";

/** The folder of a script's sets in the script's own folder. */
export const SETS = "sets";
/** A set's record, in its folder. */
export const RECORD_FILE = ".automn-set.json";

/** What a set's folder tells: its record, and when that was last touched in milliseconds since the epoch. */
export interface FolderFacts {
  readonly record: SetRecord;
  readonly touchedAt: number;
}

/** Reads a folder; undefined where it is no set. */
export async function readSet(directory: string): Promise<FolderFacts | undefined> {
  const file = join(directory, RECORD_FILE);
  const [json, facts] = await Promise.all([readFile(file, "utf8").catch(() => ""), stat(file).catch(() => undefined)]);
  const record = parseRecord(json);
  return record === undefined || facts === undefined ? undefined : { record, touchedAt: facts.mtimeMs };
}

/** Tells a set's packages from ones that were changed or put in their place, by one look at their folder; empty where there is none. */
export async function identityOf(directory: string, { language }: SetRecord): Promise<string> {
  const facts = await stat(join(directory, CONTENT[language])).catch(() => undefined);
  return facts === undefined ? "" : `${facts.dev}:${facts.ino}:${facts.mtimeMs}`;
}

/** A closer look at a set whose packages' folder has changed: whether what was asked for is still there. */
export async function isIntact(directory: string, { language, resolved }: SetRecord): Promise<boolean> {
  if (language !== "node") return true;
  const versions = await Promise.all(Object.entries(resolved).map(async ([name, version]) => (await npmVersionIn(directory, name)) === version));
  return versions.every(Boolean);
}

/** Renames a folder to a name that must be free; false where it is not. */
export async function placeAs(from: string, to: string): Promise<boolean> {
  if (await isThere(to)) return false;
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    // Windows refuses a taken name with these, and a folder that somebody looks into too.
    if ((code === "EPERM" || code === "EACCES") && (await isThere(to))) return false;
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

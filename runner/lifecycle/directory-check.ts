// Checks at the start that the runner can write where it keeps its data, so that no job has to find out.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { RequiredDirectory } from "../config/directories.ts";
import { messageOf } from "../lib/failure.ts";
import { ensureDir } from "../lib/files.ts";

/** Creates the directories that are missing; resolves with a sentence for each that cannot be used. */
export async function checkDirectories(directories: readonly RequiredDirectory[]): Promise<string[]> {
  return (await Promise.all(directories.map(problemOf))).filter((problem) => problem !== undefined);
}

async function problemOf({ purpose, path, setBy, variable }: RequiredDirectory): Promise<string | undefined> {
  try {
    await ensureDir(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const directory = `the ${purpose} directory ${path}`;
    const reason = messageOf(error);
    if (setBy !== undefined) return `Cannot use ${directory} (${setBy}): ${reason}`;
    return `Cannot use ${directory}: ${reason}. Set ${variable} or AUTOMN_RUNNER_DATA_DIR to a directory that the runner can write to.`;
  }
}

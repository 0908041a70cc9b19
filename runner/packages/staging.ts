// Folders in the making and in the unmaking: named by the process that owns them, so that those of dead ones can be swept.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { PRIVATE_DIR } from "../lib/files.ts";

const STAGING = ".staging-";
const TRASH = ".trash-";

/** A name for this process that no other has, on this machine or another that shares the directory. */
export function instanceName(pid: number = process.pid): string {
  return `${createHash("sha256").update(hostname()).digest("hex").slice(0, 8)}-${pid}-${randomBytes(4).toString("hex")}`;
}

/** A place to install in: `set` becomes the set's folder, `scratch` never does. */
export interface Staging {
  readonly set: string;
  readonly scratch: string;
  remove(): Promise<void>;
}

/** Makes a staging folder in the folder of a script's sets. */
export async function makeStaging(setsDir: string, instance: string): Promise<Staging> {
  const root = join(setsDir, `${STAGING}${instance}-${randomBytes(4).toString("hex")}`);
  const [set, scratch] = [join(root, "set"), join(root, "scratch")];
  const remove = () => removeFolder(root);
  try {
    await mkdir(set, { recursive: true, mode: PRIVATE_DIR });
    await mkdir(scratch, { mode: PRIVATE_DIR });
    return { set, scratch, remove };
  } catch (error) {
    await remove().catch(() => {});
    throw error;
  }
}

/** Takes a set's folder out of use at once, by its name; resolves with where it lies now. Rejects when it can't be moved. */
export async function moveToTrash(setsDir: string, set: string): Promise<string> {
  const trash = join(setsDir, `${TRASH}${randomBytes(6).toString("hex")}`);
  await rename(set, trash);
  return trash;
}

/** Removes what processes that ended in the middle left in a folder of sets; `ageMs` is the age at which nobody works there any more. */
export async function sweep(setsDir: string, instance: string, ageMs: number): Promise<void> {
  const names = await readdir(setsDir).catch(() => []);
  await Promise.all(names.map(async (name) => {
    const stale = name.startsWith(TRASH) || (name.startsWith(STAGING) && (await isAbandoned(join(setsDir, name), name.slice(STAGING.length), instance, ageMs)));
    if (stale) await removeFolder(join(setsDir, name)).catch(() => {});
  }));
}

async function isAbandoned(folder: string, owner: string, instance: string, ageMs: number): Promise<boolean> {
  if (owner.startsWith(instance)) return false;
  const [host, pid] = owner.split("-");
  const sameMachine = instance.startsWith(`${host}-`);
  if (sameMachine && (Number(pid) === process.pid || !isAlive(Number(pid)))) return true;
  const facts = await stat(folder).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs > ageMs;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Removes a tree, also while somebody who is being ended still writes into it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

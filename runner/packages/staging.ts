// Folders of sets that are being installed or removed. They are named by the process that works in them, so that what a killed
// process left can be swept.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { mkdir, readdir, rename, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { PRIVATE_DIR, removeTree } from "../lib/files.ts";
import type { Log } from "../lib/log.ts";

const STAGING = ".staging-";
const TRASH = ".trash-";

/**
 * A name for this process that no other has, whichever machine or container shares the directory: `WHERE-PID-RANDOM`, where
 * WHERE stands for the machine, its boot and the process namespace, within which alone a PID tells something.
 */
export function instanceName(): string {
  const boot = procText(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const pidNamespace = procText(() => readlinkSync("/proc/self/ns/pid"));
  const where = createHash("sha256").update([hostname(), boot, pidNamespace].join(" ")).digest("hex").slice(0, 8);
  return `${where}-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** What `/proc` says, or nothing where there is no such file. */
function procText(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}

/** A place to install in: `set` becomes the set's folder, `scratch` never does. */
export interface Staging {
  readonly set: string;
  readonly scratch: string;
  /** Removes what is still there. Never rejects. */
  remove(): Promise<void>;
}

/** Makes a staging folder beside a script's sets. */
export async function makeStaging(setsDir: string, instance: string, log: Log): Promise<Staging> {
  const root = join(setsDir, `${STAGING}${instance}-${randomBytes(4).toString("hex")}`);
  const [set, scratch] = [join(root, "set"), join(root, "scratch")];
  const remove = () => removeTree(root, log);
  try {
    await mkdir(set, { recursive: true, mode: PRIVATE_DIR });
    await mkdir(scratch, { mode: PRIVATE_DIR });
    return { set, scratch, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Takes a set out of use at once, by renaming its folder. Resolves with where it lies now; rejects when it cannot be moved. */
export async function moveToTrash(setsDir: string, set: string): Promise<string> {
  const trash = join(setsDir, `${TRASH}${randomBytes(6).toString("hex")}`);
  await rename(set, trash);
  return trash;
}

/**
 * Removes what killed processes left beside a script's sets. Where it cannot be seen whether a process lives, or another one
 * may have its PID now, whatever is older than `ageMs` counts as left.
 */
export async function sweep(setsDir: string, instance: string, ageMs: number, log: Log): Promise<void> {
  const names = await readdir(setsDir).catch(() => []);
  await Promise.all(names.map(async (name) => {
    const folder = join(setsDir, name);
    const owner = name.startsWith(STAGING) ? name.slice(STAGING.length) : undefined;
    const isLeft = owner === undefined ? name.startsWith(TRASH) : await isAbandoned(folder, owner, instance, ageMs);
    if (isLeft) await removeTree(folder, log);
  }));
}

async function isAbandoned(folder: string, owner: string, instance: string, ageMs: number): Promise<boolean> {
  if (owner.startsWith(instance)) return false;
  const [where, pid] = owner.split("-");
  if (instance.startsWith(`${where}-`) && (Number(pid) === process.pid || !isAlive(Number(pid)))) return true;
  const stats = await stat(folder).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > ageMs;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

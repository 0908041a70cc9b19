// How a runner tells others that share its directories which sets it uses: a file in the set, its time renewed while that holds.
import { mkdir, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE_DIR, PRIVATE_FILE } from "../lib/files.ts";

/** The folder of a set's leases. */
const FOLDER = ".leases";
/** A lease is renewed this often. */
export const RENEWAL_MS = 30_000;
/** One that is older belonged to a runner that is no more. */
const LAPSED_MS = 150_000;

/** Leases in the name of one runner's process. */
export interface Leases {
  /** Places or renews a lease. Rejects with the system's error, `ENOENT` when the set has gone. */
  place(set: string): Promise<void>;
  withdraw(set: string): Promise<void>;
  /** Whether another runner uses the set. */
  heldByOthers(set: string): Promise<boolean>;
}

/** Leases of the runner that is called `instance`. */
export function createLeases(instance: string, now: () => number = Date.now): Leases {
  const fileIn = (set: string) => join(set, FOLDER, instance);
  return {
    async place(set) {
      const time = new Date(now());
      try {
        await utimes(fileIn(set), time, time);
      } catch {
        await mkdir(join(set, FOLDER), { mode: PRIVATE_DIR }).catch(unlessThere);
        await writeFile(fileIn(set), "", { mode: PRIVATE_FILE });
      }
    },
    withdraw: (set) => rm(fileIn(set), { force: true }),
    async heldByOthers(set) {
      const names = (await readdir(join(set, FOLDER)).catch(() => [])).filter((name) => name !== instance);
      const ages = await Promise.all(names.map(async (name) => (await stat(join(set, FOLDER, name)).catch(() => undefined))?.mtimeMs));
      return ages.some((at) => at !== undefined && now() - at < LAPSED_MS);
    },
  };
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

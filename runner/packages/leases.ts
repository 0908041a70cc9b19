// How runners that share a directory tell each other which package sets they use: by a file in the set, touched while that holds.
import { mkdir, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE_DIR, PRIVATE_FILE } from "../lib/files.ts";

/** The folder in a set for its leases. */
export const LEASES = ".leases";
/** A lease is renewed this often. */
export const RENEWAL_MS = 30_000;
/** An older one belongs to a runner that is gone. */
const LAPSED_MS = 150_000;

/** Leases in the name of one runner process. */
export class Leases {
  readonly #instance: string;

  /** `instance` is the runner process's name; see `instanceName`. */
  constructor(instance: string) {
    this.#instance = instance;
  }

  /** Places or renews a lease on a set. Rejects with the system's error, `ENOENT` when the set has gone. */
  async place(set: string): Promise<void> {
    const now = new Date();
    try {
      await utimes(this.#file(set), now, now);
    } catch {
      await mkdir(join(set, LEASES), { mode: PRIVATE_DIR }).catch(unlessThere);
      await writeFile(this.#file(set), "", { mode: PRIVATE_FILE });
    }
  }

  /** Gives a lease up. Rejects with the system's error. */
  withdraw(set: string): Promise<void> {
    return rm(this.#file(set), { force: true });
  }

  /** Whether another runner uses the set. */
  async heldByOthers(set: string): Promise<boolean> {
    const names = (await readdir(join(set, LEASES)).catch(() => [])).filter((name) => name !== this.#instance);
    const touched = await Promise.all(names.map(async (name) => (await stat(join(set, LEASES, name)).catch(() => undefined))?.mtimeMs));
    return touched.some((at) => at !== undefined && Date.now() - at < LAPSED_MS);
  }

  #file(set: string): string {
    return join(set, LEASES, this.#instance);
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

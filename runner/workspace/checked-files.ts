// Files that are looked at whenever they are used, and read only when they have changed.
import { readFile, stat } from "node:fs/promises";
import { fingerprintOf } from "../lib/fingerprint.ts";

/** The coarsest clock of a file system, FAT's, ticks every two seconds. */
const MAX_CLOCK_GRANULARITY_MS = 3_000;
/** The most files that are remembered. */
const MAX_REMEMBERED = 10_000;

/** Remembers which files held what they should, so that each is read again only when it has changed since. */
export class CheckedFiles {
  readonly #now: () => number;
  readonly #fingerprints = new Map<string, string>();

  /** `now` is in milliseconds since the epoch. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Whether a file is there, and its content is good. */
  async isGood(file: string, judge: (content: string) => boolean): Promise<boolean> {
    const stats = await stat(file, { bigint: true }).catch(() => undefined);
    if (stats === undefined || !stats.isFile()) return false; // reading a named pipe would wait for somebody who writes
    const current = fingerprintOf(stats);
    if (this.#fingerprints.get(file) === current) return true;
    const content = await readFile(file, "utf8").catch(() => undefined);
    if (content === undefined || !judge(content)) return false;
    if (this.#fingerprints.size >= MAX_REMEMBERED) this.#fingerprints.clear();
    // A second change within one tick of the file system's clock would not show.
    if (this.#now() - Number(stats.ctimeMs) > MAX_CLOCK_GRANULARITY_MS) this.#fingerprints.set(file, current);
    return true;
  }
}

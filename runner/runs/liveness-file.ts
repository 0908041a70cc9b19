// The file by which a runner shows that it lives, to those that cannot see its process: another container's, another machine's.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { ensureDir, PRIVATE_FILE } from "../lib/files.ts";
import { messageOf } from "../lib/failure.ts";
import { openRegularFile } from "../lib/lines.ts";
import type { Log } from "../lib/log.ts";

/** A living runner writes its file this often. */
export const TOUCH_MS = 10_000;

const NAME = "alive";
/** Scripts can write here too: neither a link nor a FIFO in place of the file is followed or waited for. */
const WRITE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** The file of this runner, in its own working directory. */
export class LivenessFile {
  readonly #directory: string;
  readonly #log: Pick<Log, "warn">;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;
  #failing = false;

  constructor(directory: string, log: Pick<Log, "warn">) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Writes the file now and from here on. Resolves once it is there; never rejects. */
  async start(): Promise<void> {
    await this.#touch();
    if (!this.#stopped) this.#timer = setTimeout(() => void this.start(), TOUCH_MS).unref();
  }

  /** Resolves when the file is not written any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#writing;
  }

  /** The time, by the clock of the file system, which other machines may share; in milliseconds since the epoch. */
  async now(): Promise<number> {
    await this.#touch();
    return (await touchedAt(this.#directory).catch(() => undefined)) ?? Date.now();
  }

  #touch(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** It is written and not given a time, so that the clock of its file system counts. */
  async #write(): Promise<void> {
    if (this.#stopped) return;
    try {
      await ensureDir(this.#directory);
      const handle = await open(join(this.#directory, NAME), WRITE, PRIVATE_FILE);
      await handle.writeFile(`${new Date().toISOString()}\n`).finally(() => handle.close());
      this.#failing = false;
    } catch (error) {
      const details = { directory: this.#directory, error: messageOf(error) };
      if (!this.#failing) this.#log.warn("Cannot show other runners that this one lives", details);
      this.#failing = true;
    }
  }
}

/**
 * When a runner has last written its file, by the clock of the file system; nothing where there is none. The file is
 * opened, since a network file system tells of a file that is only looked at what it remembers. Rejects where it cannot tell.
 */
export async function touchedAt(directory: string): Promise<number | undefined> {
  try {
    const handle = await openRegularFile(join(directory, NAME));
    try {
      return (await handle.stat()).mtimeMs;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

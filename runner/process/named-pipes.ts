// Named pipes, made ahead in batches; each loses its name as soon as both of its ends are open.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { close, constants, open as openCallback } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureDir } from "../lib/files.ts";

const run = promisify(execFile);
const open = promisify(openCallback);

/** How many pipes one call of `mkfifo` makes. */
const BATCH = 32;

/** Both ends of a pipe, as file descriptors. */
export interface Pipe {
  readonly reader: number;
  readonly writer: number;
}

/** Opens named pipes in a folder. */
export class NamedPipes {
  readonly #directory: string;
  readonly #names: string[] = [];
  #making: Promise<void> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A pipe that nobody else has. Rejects with the system's error. */
  async open(): Promise<Pipe> {
    for (let retried = false; ; retried = true) {
      const name = await this.#takeName();
      try {
        return await openBothEnds(name);
      } catch (error) {
        if (retried || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        this.#names.length = 0; // somebody has removed the folder
      }
    }
  }

  /** Removes the pipes that nobody has opened. */
  async close(): Promise<void> {
    await this.#making?.catch(() => {});
    await Promise.all(this.#names.splice(0).map((name) => rm(name, { force: true })));
  }

  async #takeName(): Promise<string> {
    for (;;) {
      const name = this.#names.pop();
      if (this.#names.length < BATCH / 4) this.#making ??= this.#makeBatch().finally(() => { this.#making = undefined; });
      if (name !== undefined) {
        this.#making?.catch(() => {});
        return name;
      }
      await this.#making;
    }
  }

  async #makeBatch(): Promise<void> {
    const names = Array.from({ length: BATCH }, () => join(this.#directory, randomBytes(8).toString("hex")));
    await ensureDir(this.#directory);
    await run("mkfifo", ["-m", "600", ...names]);
    this.#names.push(...names);
  }
}

/** The reading end is opened first and without waiting, so that neither open blocks. */
async function openBothEnds(name: string): Promise<Pipe> {
  const reader = await open(name, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return { reader, writer: await open(name, constants.O_WRONLY) };
  } catch (error) {
    close(reader, () => {});
    throw error;
  } finally {
    await rm(name, { force: true });
  }
}

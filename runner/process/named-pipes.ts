// Named pipes in a folder, made ahead in batches; each loses its name as soon as both of its ends are open.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { close, constants, open as openCallback } from "node:fs";
import { lstat, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../lib/failure.ts";

const run = promisify(execFile);
const open = promisify(openCallback);

/** How many pipes one call of `mkfifo` makes. */
const BATCH = 32;
/** A folder in which no pipe could be made is not tried again for this long. */
const RETRY_MS = 60_000;

/** Both ends of a pipe, as file descriptors. */
export interface Pipe {
  readonly reader: number;
  readonly writer: number;
}

/** Opens named pipes in a folder, or says why it cannot. */
export class NamedPipes {
  readonly #openFolder: () => Promise<string>;
  readonly #names: string[] = [];
  #making: Promise<void> | undefined;
  #problem: string | undefined;
  #retryAt = -Infinity;

  /** `openFolder` makes the folder where it is missing, readable for the runner's own user alone, and gives its path. */
  constructor(openFolder: () => Promise<string>) {
    this.#openFolder = openFolder;
  }

  /** Why no pipe could be made the last time; undefined where one could. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Makes the first pipes, unless there are some. */
  async prepare(): Promise<void> {
    if (this.#names.length === 0) await this.#refill();
  }

  /** A pipe that nobody else has; none where no pipe can be had here. Rejects where the system has no descriptor left. */
  async open(): Promise<Pipe | undefined> {
    for (let retried = false; ; retried = true) {
      const name = await this.#takeName();
      try {
        return name === undefined ? undefined : await openBothEnds(name);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EMFILE" || code === "ENFILE") throw error;
        await this.#dropNames(); // of no use, or gone where somebody has removed the folder
        if (retried || code !== "ENOENT") this.#giveUp(error);
      }
    }
  }

  /** Removes the pipes that nobody has opened. */
  async close(): Promise<void> {
    await this.#making;
    await this.#dropNames();
  }

  async #takeName(): Promise<string | undefined> {
    for (;;) {
      const name = this.#names.pop();
      const mayTry = performance.now() >= this.#retryAt;
      if (mayTry && this.#names.length < BATCH / 4) void this.#refill();
      if (name !== undefined || !mayTry) return name;
      await this.#making;
    }
  }

  #refill(): Promise<void> {
    this.#making ??= this.#makeBatch().catch((error: unknown) => this.#giveUp(error)).finally(() => { this.#making = undefined; });
    return this.#making;
  }

  async #makeBatch(): Promise<void> {
    const folder = await this.#openFolder();
    const names = Array.from({ length: BATCH }, () => join(folder, randomBytes(8).toString("hex")));
    try {
      await withPrivateUmask(() => run("mkfifo", names));
      if (!(await lstat(names[0] as string)).isFIFO()) throw new Error("mkfifo makes something else");
    } catch (error) {
      await removeAll(names); // exFAT, for one, makes empty files and fails then
      throw error;
    }
    this.#names.push(...names);
    this.#problem = undefined;
  }

  #giveUp(error: unknown): void {
    this.#problem = reasonOf(error);
    this.#retryAt = performance.now() + RETRY_MS;
  }

  async #dropNames(): Promise<void> {
    await removeAll(this.#names.splice(0));
  }
}

async function removeAll(names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => rm(name, { force: true }).catch(() => {}))); // the folder itself is removed at the end
}

/** Not every `mkfifo` knows `-m`, so the mode comes from the umask, which a process inherits at the moment of its start. */
function withPrivateUmask<T>(spawn: () => T): T {
  const before = process.umask(0o077);
  try {
    return spawn();
  } finally {
    process.umask(before);
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

/** What `mkfifo` said of the first pipe, without its name; or what the system said. */
function reasonOf(error: unknown): string {
  const { code, syscall, stderr } = error as NodeJS.ErrnoException & { readonly stderr?: string };
  if (code === "ENOENT" && syscall === "spawn mkfifo") return "there is no mkfifo on the PATH";
  const said = stderr?.split("\n")[0]?.split(": ").at(-1)?.trim();
  return said === undefined || said === "" ? messageOf(error) : said;
}

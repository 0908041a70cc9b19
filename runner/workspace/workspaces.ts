// A run's workspace: an empty working directory, its input in a file beside it, and its standard streams.
import { randomBytes } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../lib/log.ts";
import { PRIVATE_DIR, PRIVATE_FILE, removeTree, writeWhole } from "../lib/files.ts";
import type { StdioFactory, Stdio } from "../process/stdio.ts";
import { MODULE_MANIFEST } from "./module-manifest.ts";

/** Where one process runs. */
export interface Workspace {
  /** The working directory, empty at first. */
  readonly directory: string;
  /** Holds the input's JSON, compact, on one line; also standard input. */
  readonly inputFile: string;
  readonly stdio: Stdio;
  /** Writes the input; false when somebody had removed a part of the workspace, which is made anew then. */
  writeInput(json: string): Promise<boolean>;
  /** Closes the streams and removes the workspace; what cannot be removed is logged, not thrown. */
  close(): Promise<void>;
}

/** What workspaces are made of. */
export interface WorkspacesOptions {
  readonly workDir: string;
  /** How many are kept ready. */
  readonly ahead: number;
  readonly stdioFactory: StdioFactory;
  readonly log: Log;
}

/** Makes workspaces, some of them ahead. */
export class Workspaces {
  readonly #options: WorkspacesOptions;
  readonly #ready: Promise<Workspace>[] = [];
  readonly #closing = new Set<Promise<void>>();
  #hasManifest = false;
  #closed = false;

  constructor(options: WorkspacesOptions) {
    this.#options = options;
  }

  /** A workspace with the input in it. Rejects with the system's error. */
  async open(inputJson: string): Promise<Workspace> {
    try {
      return (await this.#takeReady(inputJson)) ?? (await this.#makeWith(inputJson));
    } finally {
      setImmediate(() => this.#refill());
    }
  }

  /** Removes the workspaces that were made ahead; resolves when those being closed are gone too. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#dropReady();
    await Promise.all(this.#closing);
  }

  /** A workspace made ahead, with the input in it; none where there is none or where somebody has removed a part of it. */
  async #takeReady(inputJson: string): Promise<Workspace | undefined> {
    const prepared = this.#ready.shift();
    if (prepared === undefined) return undefined;
    const workspace = await prepared.catch(() => undefined);
    if (workspace !== undefined && (await workspace.writeInput(inputJson).catch(() => false))) return workspace;
    await Promise.all([workspace?.close(), this.#dropReady()]); // what happened to one has happened to the others
    return undefined;
  }

  async #makeWith(inputJson: string): Promise<Workspace> {
    const workspace = await this.#make();
    try {
      await workspace.writeInput(inputJson);
      return workspace;
    } catch (error) {
      await workspace.close();
      throw error;
    }
  }

  #refill(): void {
    while (!this.#closed && this.#ready.length < this.#options.ahead) {
      const workspace = this.#make();
      workspace.catch(() => {});
      this.#ready.push(workspace);
    }
  }

  async #dropReady(): Promise<void> {
    await Promise.all(this.#ready.splice(0).map(async (workspace) => (await workspace.catch(() => undefined))?.close()));
  }

  async #make(): Promise<Workspace> {
    const { workDir, stdioFactory, log } = this.#options;
    const home = join(workDir, randomBytes(8).toString("hex"));
    const directory = join(home, "work");
    const inputFile = join(home, "input.json");
    await this.#ensureWorkDir();
    await mkdir(home, { mode: PRIVATE_DIR });
    await mkdir(directory, { mode: PRIVATE_DIR });
    const input = await open(inputFile, "wx+", PRIVATE_FILE);
    const closeInput = () => input.close().catch(() => {}); // a file that is removed anyway
    const stdio = await stdioFactory.make(inputFile).catch(async (error: unknown) => {
      await closeInput();
      await removeTree(home, log);
      throw error;
    });
    return {
      directory, inputFile, stdio,
      async writeInput(json) {
        const remade = mkdir(directory, { recursive: true, mode: PRIVATE_DIR });
        const [made, { nlink }] = await Promise.all([remade, input.stat(), input.writeFile(json)]);
        if (nlink === 0) await writeFile(inputFile, json, { mode: PRIVATE_FILE });
        return made === undefined && nlink > 0;
      },
      close: () => {
        stdio.close();
        void closeInput();
        return this.#removing(removeTree(home, log));
      },
    };
  }

  /** Makes the folder of all workspaces, with a `package.json` for the files that scripts write. */
  async #ensureWorkDir(): Promise<void> {
    const { workDir } = this.#options;
    const made = await mkdir(workDir, { recursive: true, mode: PRIVATE_DIR });
    if (made === undefined && this.#hasManifest) return;
    await writeWhole(join(workDir, "package.json"), MODULE_MANIFEST);
    this.#hasManifest = true;
  }

  #removing(removal: Promise<void>): Promise<void> {
    const closing = removal.finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    return closing;
  }
}

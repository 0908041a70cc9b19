// A run's own place: an empty working directory, its input in a file beside it, and its standard streams.
import { randomBytes } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../lib/log.ts";
import { ensureDir, PRIVATE_DIR, PRIVATE_FILE, removeTree } from "../lib/files.ts";
import type { StdioFactory, Stdio } from "../process/stdio.ts";

/** Where one process runs. */
export interface Workspace {
  /** The working directory, empty at first. */
  readonly directory: string;
  /** Holds the input's JSON, compact, on one line; also standard input. */
  readonly inputFile: string;
  readonly stdio: Stdio;
  /** Writes the input; false when somebody had removed a part of the room, which is made anew then. */
  writeInput(json: string): Promise<boolean>;
  /** Closes the streams and removes the room; what can't be removed is logged, not thrown. */
  close(): Promise<void>;
}

/** Rooms, some of them made ahead. */
export interface Workspaces {
  /** A room with the input in it. Rejects with the system's error. */
  open(inputJson: string): Promise<Workspace>;
  /** Removes the rooms that were made ahead; resolves when those being closed are gone too. */
  close(): Promise<void>;
}

/** Makes rooms in `workDir`, keeping `ahead` of them ready. */
export function createWorkspaces({ workDir, ahead, stdioFactory, log }: { workDir: string; ahead: number; stdioFactory: StdioFactory; log: Log }): Workspaces {
  const ready: Promise<Workspace>[] = [];
  const closings = new Set<Promise<void>>();
  let closed = false;

  async function make(): Promise<Workspace> {
    const home = join(workDir, randomBytes(8).toString("hex"));
    const directory = join(home, "work");
    const inputFile = join(home, "input.json");
    await ensureDir(workDir);
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
        const [made, { nlink }] = await Promise.all([mkdir(directory, { recursive: true, mode: PRIVATE_DIR }), input.stat(), input.writeFile(json)]);
        if (nlink === 0) await writeFile(inputFile, json, { mode: PRIVATE_FILE });
        return made === undefined && nlink > 0;
      },
      close() {
        stdio.close();
        void closeInput();
        const closing = removeTree(home, log).finally(() => closings.delete(closing));
        closings.add(closing);
        return closing;
      },
    };
  }

  function refill(): void {
    while (!closed && ready.length < ahead) {
      const workspace = make();
      workspace.catch(() => {});
      ready.push(workspace);
    }
  }

  async function dropReady(): Promise<void> {
    await Promise.all(ready.splice(0).map(async (workspace) => (await workspace.catch(() => undefined))?.close()));
  }

  async function makeWith(inputJson: string): Promise<Workspace> {
    const workspace = await make();
    try {
      await workspace.writeInput(inputJson);
      return workspace;
    } catch (error) {
      await workspace.close();
      throw error;
    }
  }

  /** A room made ahead, with the input in it; none where there is none or where somebody has been in it. */
  async function takeReady(inputJson: string): Promise<Workspace | undefined> {
    const prepared = ready.shift();
    if (prepared === undefined) return undefined;
    const workspace = await prepared.catch(() => undefined);
    if (workspace !== undefined && (await workspace.writeInput(inputJson).catch(() => false))) return workspace;
    await Promise.all([workspace?.close(), dropReady()]); // what happened to one has happened to the others
    return undefined;
  }

  return {
    async open(inputJson) {
      try {
        return (await takeReady(inputJson)) ?? (await makeWith(inputJson));
      } finally {
        setImmediate(refill);
      }
    },
    async close() {
      closed = true;
      await dropReady();
      await Promise.all(closings);
    },
  };
}

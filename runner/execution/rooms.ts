// A run's own place: an empty working directory, its input in a file beside it, and its standard streams.
import { randomBytes } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../lifecycle/log.ts";
import { ensureDir, PRIVATE_DIR, PRIVATE_FILE, removeTree } from "../state/files.ts";
import type { Plumber, Plumbing } from "./plumbing.ts";

/** Where one process runs. */
export interface Room {
  /** The working directory, empty at first. */
  readonly directory: string;
  /** Holds the input's JSON, compact, on one line; also standard input. */
  readonly inputFile: string;
  readonly plumbing: Plumbing;
  /** Writes the input; false when somebody had removed a part of the room, which is made anew then. */
  writeInput(json: string): Promise<boolean>;
  /** Closes the streams and removes the room; what can't be removed is logged, not thrown. */
  close(): Promise<void>;
}

/** Rooms, some of them made ahead. */
export interface Rooms {
  /** A room with the input in it. Rejects with the system's error. */
  open(inputJson: string): Promise<Room>;
  /** Removes the rooms that were made ahead; resolves when those being closed are gone too. */
  close(): Promise<void>;
}

/** Makes rooms in `workDir`, keeping `ahead` of them ready. */
export function createRooms({ workDir, ahead, plumber, log }: { workDir: string; ahead: number; plumber: Plumber; log: Log }): Rooms {
  const ready: Promise<Room>[] = [];
  const closings = new Set<Promise<void>>();
  let closed = false;

  async function make(): Promise<Room> {
    const home = join(workDir, randomBytes(8).toString("hex"));
    const directory = join(home, "work");
    const inputFile = join(home, "input.json");
    await ensureDir(workDir);
    await mkdir(home, { mode: PRIVATE_DIR });
    await mkdir(directory, { mode: PRIVATE_DIR });
    const input = await open(inputFile, "wx+", PRIVATE_FILE);
    const closeInput = () => input.close().catch(() => {}); // a file that is removed anyway
    const plumbing = await plumber.make(inputFile).catch(async (error: unknown) => {
      await closeInput();
      await removeTree(home, log);
      throw error;
    });
    return {
      directory, inputFile, plumbing,
      async writeInput(json) {
        const [made, { nlink }] = await Promise.all([mkdir(directory, { recursive: true, mode: PRIVATE_DIR }), input.stat(), input.writeFile(json)]);
        if (nlink === 0) await writeFile(inputFile, json, { mode: PRIVATE_FILE });
        return made === undefined && nlink > 0;
      },
      close() {
        plumbing.close();
        void closeInput();
        const closing = removeTree(home, log).finally(() => closings.delete(closing));
        closings.add(closing);
        return closing;
      },
    };
  }

  function refill(): void {
    while (!closed && ready.length < ahead) {
      const room = make();
      room.catch(() => {});
      ready.push(room);
    }
  }

  async function dropReady(): Promise<void> {
    await Promise.all(ready.splice(0).map(async (room) => (await room.catch(() => undefined))?.close()));
  }

  async function makeWith(inputJson: string): Promise<Room> {
    const room = await make();
    try {
      await room.writeInput(inputJson);
      return room;
    } catch (error) {
      await room.close();
      throw error;
    }
  }

  /** A room made ahead, with the input in it; none where there is none or where somebody has been in it. */
  async function takeReady(inputJson: string): Promise<Room | undefined> {
    const prepared = ready.shift();
    if (prepared === undefined) return undefined;
    const room = await prepared.catch(() => undefined);
    if (room !== undefined && (await room.writeInput(inputJson).catch(() => false))) return room;
    await Promise.all([room?.close(), dropReady()]); // what happened to one has happened to the others
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

// What the journal's files tell of earlier runs.
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { parseEntry, withProcess } from "./entries.ts";
import type { Entry, Recorded, StartEntry } from "./entries.ts";
import { readLines } from "../lib/lines.ts";

/** How many runs `recent` holds. */
const RECENT = 200;

/** An open start, and how many rotations ago it was written. */
export interface OpenStart {
  readonly entry: StartEntry;
  readonly age: number;
}

/** The runs of the journal, oldest first. */
export interface JournalContents {
  /** Started and never ended. */
  readonly open: readonly OpenStart[];
  /** The last 200 that started. */
  readonly recent: readonly Recorded[];
}

/** Reads the files, oldest first, in bounded memory. Lines that can't be read are skipped and said; so is a file. Never rejects. */
export async function readJournal(files: readonly string[], log: Pick<Log, "warn">): Promise<JournalContents> {
  const runs = createRuns();
  for (const [index, file] of files.entries()) {
    await readFile(file, (entry) => runs.take(entry, files.length - 1 - index), log).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") log.warn("Cannot read the journal; what it tells of earlier runs is not known", { file, error: messageOf(error) });
    });
  }
  return runs.history();
}

async function readFile(file: string, take: (entry: Entry) => void, log: Pick<Log, "warn">): Promise<void> {
  const handle = await open(file, "r");
  let unreadable = 0;
  let torn = false;
  try {
    for await (const lines of readLines(handle, 0, await sizeOf(handle))) {
      for (const bytes of lines) {
        const line = bytes.toString();
        const entry = parseEntry(line);
        if (entry !== undefined) take(entry);
        else if (!line.endsWith("\n")) torn = true;
        else if (line !== "\n") unreadable += 1;
      }
    }
  } finally {
    await handle.close();
  }
  if (torn) log.warn("The journal's last line is torn, as a crash leaves it; it is skipped", { file });
  if (unreadable > 0) log.warn("Lines of the journal can't be read and are skipped", { file, lines: unreadable });
}

async function sizeOf(handle: FileHandle): Promise<number> {
  return (await handle.stat()).size;
}

/** Pairs starts with ends; keeps the open ones and a window of the recent. */
function createRuns(): { take(entry: Entry, age: number): void; history(): JournalContents } {
  const open = new Map<string, { start: StartEntry; age: number; end?: Entry }>();
  let recent: { start: StartEntry; age: number; end?: Entry }[] = [];
  return {
    take(entry, age) {
      const begun = open.get(entry.runId);
      if (entry.event === "end") {
        if (begun !== undefined) begun.end = entry;
        open.delete(entry.runId);
      } else if (entry.event === "process") {
        if (begun !== undefined) begun.start = withProcess(begun.start, entry);
      } else if (begun?.start.at === entry.at) {
        begun.age = age; // carried over when its file went
      } else {
        const run = { start: entry, age };
        open.set(entry.runId, run);
        recent.push(run);
        if (recent.length >= 2 * RECENT) recent = recent.slice(-RECENT);
      }
    },
    history: () => ({
      open: [...open.values()].map(({ start, age }) => ({ entry: start, age })),
      recent: recent.slice(-RECENT).map(({ start, end }) => (end?.event === "end" ? { start, end } : { start })),
    }),
  };
}

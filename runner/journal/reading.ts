// What the journal's files tell of earlier runs.
import { messageOf } from "../lib/failure.ts";
import { openRegularFile, readLines } from "../lib/lines.ts";
import type { Log } from "../lib/log.ts";
import { parseEntry } from "./entries.ts";
import type { Entry, RecordedRun } from "./entries.ts";
import { OpenRuns } from "./open-runs.ts";
import type { OpenRun } from "./open-runs.ts";

/** How many runs `recent` holds. */
const RECENT = 200;
/** No line of ours is as long, in bytes. */
const MAX_LINE_BYTES = 1024 * 1024;

/** The runs of the journal, in the order in which they started. */
export interface JournalContents {
  /** Those that have not ended. */
  readonly open: OpenRuns;
  /** The last 200. */
  readonly recent: readonly RecordedRun[];
}

/** Reads the files, oldest first, in bounded memory. What cannot be read, a line or a file, is skipped and said. Never rejects. */
export async function readJournal(files: readonly string[], log: Pick<Log, "warn">): Promise<JournalContents> {
  const open = new OpenRuns();
  let recent: OpenRun[] = [];
  for (const [index, file] of files.entries()) {
    const take = (entry: Entry) => {
      const begun = open.take(entry, index - (files.length - 1));
      if (begun !== undefined) recent.push(begun);
      if (recent.length >= 2 * RECENT) recent = recent.slice(-RECENT);
    };
    await readFile(file, take, log).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return;
      log.warn("Cannot read the journal; what it tells of earlier runs is not known", { file, error: messageOf(error) });
    });
  }
  return { open, recent: recent.slice(-RECENT).map(({ start, end }) => (end === undefined ? { start } : { start, end })) };
}

async function readFile(file: string, take: (entry: Entry) => void, log: Pick<Log, "warn">): Promise<void> {
  const handle = await openRegularFile(file);
  let unreadable = 0;
  let torn = false;
  try {
    for await (const lines of readLines(handle, { maxBytes: MAX_LINE_BYTES })) {
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
    if (torn) log.warn("The journal's last line is torn, as a crash leaves it; it is skipped", { file });
    if (unreadable > 0) log.warn("Lines of the journal cannot be read and are skipped", { file, lines: unreadable });
  }
}

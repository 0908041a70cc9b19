// The run journal: `runs.ndjson` in the state folder, one line when a run starts and one when it ends.
import { join } from "node:path";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { formatEntry, withProcess } from "./entries.ts";
import type { Entry, ProcessEntry, Recorded, StartEntry } from "./entries.ts";
import { readJournal } from "./reading.ts";
import type { OpenStart } from "./reading.ts";
import { createRotatedFile, rotatedNames } from "./rotated-file.ts";

export type { EndEntry, Entry, ProcessEntry, Recorded, StartEntry } from "./entries.ts";

/** Files kept besides the current one: `runs.ndjson.1` (the newest) to `runs.ndjson.4`. */
const OLDER = 4;
/** While the file can't be written, the oldest lines beyond this many go. */
const MAX_QUEUED = 10_000;
const RETRY_MS = 3_000;

/**
 * The journal of this runner's runs.
 *
 * When a line is safe: entries wait for nobody and nobody waits for them. All that is queued goes out in one write,
 * followed by one fdatasync, and what comes meanwhile is the next batch; so a line is on the disk one or two writes
 * after its event, in the order of the events. A crash of the runner or the machine loses at most those, and can leave
 * the last line torn, which reading skips and the next append closes off.
 */
export interface Journal {
  /** Queues an entry. Never throws, never waits. While the file can't be written, 10,000 lines are kept and tried again, every 3 s and at the next entry. */
  append(entry: Entry): void;
  /** Resolves when all entries so far are on disk, or have just failed to get there. */
  settled(): Promise<void>;
  /** What is wrong with the file at the moment, for the page. */
  readonly problem: string | undefined;
  /** Tries to write what is queued a last time, and lets go of the file; later entries are ignored. */
  close(): Promise<void>;
}

/** What opening needs; `maxBytes` is the size of one file. */
export interface JournalOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly log: Pick<Log, "info" | "warn" | "error">;
  /** Between two attempts while the file can't be written. */
  readonly retryMs?: number;
}

/** A journal and what it told when it was opened. */
export interface OpenedJournal {
  readonly journal: Journal;
  /** Started and never ended, oldest first. */
  readonly open: readonly StartEntry[];
  /** The last 200 runs, newest last. */
  readonly recent: readonly Recorded[];
}

/** Reads the journal and opens it for appending. Never rejects: what can't be read or written is said. */
export async function openJournal(options: JournalOptions): Promise<OpenedJournal> {
  const file = join(options.directory, "runs.ndjson");
  const { open, recent } = await readJournal(rotatedNames(file, OLDER), options.log);
  return { journal: createJournal(file, options, open), open: open.map(({ entry }) => entry), recent };
}

function createJournal(path: string, { maxBytes, log, retryMs = RETRY_MS }: JournalOptions, open: readonly OpenStart[]): Journal {
  const file = createRotatedFile(path, OLDER);
  const starts = createOpenStarts(open, maxBytes / 2);
  let queue: string[] = [];
  let dropped = 0;
  let problem: string | undefined;
  let writing: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  async function writeQueue(): Promise<void> {
    while (queue.length > 0) {
      const workspace = maxBytes - (await file.ready());
      if (workspace < maxBytes && Buffer.byteLength(queue[0] ?? "") > workspace) {
        await file.rotate();
        queue.unshift(...starts.rotated());
      } else {
        await writeBatch(takeBatch(queue, workspace));
      }
    }
  }

  async function writeBatch(batch: readonly string[]): Promise<void> {
    queue = queue.slice(batch.length);
    const { bytes, error } = await file.append(batch.join(""));
    if (error === undefined) return;
    queue = [...linesBehind(batch, bytes), ...queue];
    throw error;
  }

  function schedule(): void {
    clearTimeout(retry);
    writing ??= writeQueue().then(succeeded, failed).finally(() => {
      writing = undefined;
      if (queue.length > 0 && problem === undefined) schedule();
    });
  }

  function succeeded(): void {
    if (problem !== undefined) log.info("The journal can be written again", { file: path, linesLost: dropped });
    problem = undefined;
    dropped = 0;
  }

  function failed(error: unknown): void {
    const before = problem;
    problem = `Cannot write the journal ${path}: ${messageOf(error)}`;
    if (before === undefined) log.error("Cannot write the journal; its lines are kept and tried again", { file: path, error: messageOf(error) });
    dropOldest();
    if (!closed) retry = setTimeout(schedule, retryMs).unref();
  }

  function dropOldest(): void {
    if (queue.length <= MAX_QUEUED) return;
    dropped += queue.length - MAX_QUEUED;
    queue = queue.slice(-MAX_QUEUED);
  }

  return {
    append(entry) {
      if (closed) return;
      const line = formatEntry(entry);
      queue.push(line);
      if (entry.event === "start") starts.add(entry);
      else if (entry.event === "process") starts.join(entry);
      else starts.delete(entry.runId);
      if (problem !== undefined) dropOldest();
      schedule();
    },
    async settled() {
      if (queue.length > 0) schedule();
      while (writing !== undefined) await writing;
    },
    get problem() { return problem; },
    async close() {
      closed = true;
      await this.settled();
      clearTimeout(retry);
      if (queue.length > 0) log.error("The journal ends without its last lines", { file: path, lines: queue.length + dropped });
      await file.close();
    },
  };
}

/** As many lines from the first on as fit, at least one. */
function takeBatch(queue: readonly string[], workspace: number): readonly string[] {
  let bytes = 0;
  const end = queue.findIndex((line, index) => (bytes += Buffer.byteLength(line)) > workspace && index > 0);
  return end < 0 ? [...queue] : queue.slice(0, end);
}

/** The lines of a batch that are not whole within its first `bytes`. */
function linesBehind(batch: readonly string[], bytes: number): readonly string[] {
  let end = 0;
  return batch.filter((line) => (end += Buffer.byteLength(line)) > bytes);
}

/** The starts whose ends are still to come: when the file that holds one goes, the line is written again. */
interface OpenStarts {
  add(start: StartEntry): void;
  /** A start's process is there. */
  join(process: ProcessEntry): void;
  delete(runId: string): void;
  /** A rotation has happened: the lines that it took, up to `maxBytes` of them. */
  rotated(): string[];
}

function createOpenStarts(open: readonly OpenStart[], maxBytes: number): OpenStarts {
  let rotations = 0;
  const starts = new Map(open.map(({ entry, age }) => [entry.runId, { entry, rotation: -age }]));
  return {
    add: (entry) => void starts.set(entry.runId, { entry, rotation: rotations }),
    join(process) {
      const start = starts.get(process.runId);
      if (start !== undefined) start.entry = withProcess(start.entry, process);
    },
    delete: (runId) => void starts.delete(runId),
    rotated() {
      rotations += 1;
      let bytes = 0;
      const gone = [...starts.values()].filter(({ rotation }) => rotation < rotations - OLDER);
      const carried = gone.filter(({ entry }) => (bytes += Buffer.byteLength(formatEntry(entry))) <= maxBytes);
      for (const start of carried) start.rotation = rotations;
      return carried.map(({ entry }) => formatEntry(entry));
    },
  };
}

// The run journal: `runs.ndjson` in the state folder, one line each for a run's start, process and end.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { formatEntry } from "./entries.ts";
import type { Entry, RecordedRun, StartEntry } from "./entries.ts";
import type { OpenRuns } from "./open-runs.ts";
import { readJournal } from "./reading.ts";
import { RotatedFile, rotatedNames } from "./rotated-file.ts";

export type { EndEntry, Entry, ProcessEntry, RecordedRun, StartEntry } from "./entries.ts";

/** Files kept besides the current one: `runs.ndjson.1` (the newest) to `runs.ndjson.4`. */
const OLDER_FILES = 4;
/** While the file cannot be written, the oldest lines beyond this many are dropped. */
const MAX_QUEUED = 10_000;
const RETRY_MS = 3_000;

/** What opening depends on; `maxBytes` is the size of one file. */
export interface JournalOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly log: Pick<Log, "info" | "warn" | "error">;
  /** Between two attempts while the file cannot be written. */
  readonly retryMs?: number;
}

/** A journal, and what it told of earlier runs when it was opened. */
export interface OpenedJournal {
  readonly journal: Journal;
  /** Started and never ended, oldest first. */
  readonly open: readonly StartEntry[];
  /** The last 200 runs, the newest last. */
  readonly recent: readonly RecordedRun[];
}

/** Reads the journal and opens it for appending. Never rejects: what cannot be read or written is said. */
export async function openJournal(options: JournalOptions): Promise<OpenedJournal> {
  const file = join(options.directory, "runs.ndjson");
  const { open, recent } = await readJournal(rotatedNames(file, OLDER_FILES), options.log);
  const starts = [...open].map(({ start }) => start);
  return { journal: new Journal(file, open, options), open: starts, recent };
}

/**
 * The journal of this runner's runs.
 *
 * When a line is safe: entries wait for nobody and nobody waits for them. All that is queued goes out in one write,
 * followed by one fdatasync, and what comes meanwhile is the next batch; so a line is on the disk one or two writes
 * after its event, in the order of the events. A crash of the runner or the machine loses at most those, and can leave
 * the last line torn, which reading skips and the next append closes off.
 */
export class Journal {
  readonly #path: string;
  readonly #file: RotatedFile;
  /** When the file that holds the start of one of these is dropped, the start is written again. */
  readonly #open: OpenRuns;
  readonly #options: JournalOptions;
  #rotations = 0;
  #queue: string[] = [];
  #dropped = 0;
  #problem: string | undefined;
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(path: string, open: OpenRuns, options: JournalOptions) {
    this.#path = path;
    this.#file = new RotatedFile(path, OLDER_FILES);
    this.#open = open;
    this.#options = options;
  }

  /** What is wrong with the file at the moment, for the page. */
  get problem(): string | undefined { return this.#problem; }

  /**
   * Queues an entry. Never throws, never waits. While the file cannot be written, 10,000 lines are kept and tried again,
   * every 3 s and at the next entry.
   */
  append(entry: Entry): void {
    if (this.#closed) return;
    this.#queue.push(formatEntry(entry));
    this.#open.take(entry, this.#rotations);
    if (this.#problem !== undefined) this.#dropOldest();
    this.#schedule();
  }

  /**
   * The runs that have not ended, by all runners that write to this journal, as its files have it now. Never rejects.
   * Should a file be rotated meanwhile, they are read once more: what was in it may have been missed.
   */
  async readOpen(): Promise<readonly StartEntry[]> {
    await this.settled();
    const inode = () => stat(this.#path).then(({ ino }) => ino, () => undefined);
    for (;;) {
      const before = await inode();
      const { open } = await readJournal(rotatedNames(this.#path, OLDER_FILES), this.#options.log);
      if (before === (await inode())) return [...open].map(({ start }) => start);
    }
  }

  /** Resolves when all entries so far are on disk, or have just failed to get there. */
  async settled(): Promise<void> {
    if (this.#queue.length > 0) this.#schedule();
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Tries to write what is queued a last time, and closes the file; later entries are ignored. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
    clearTimeout(this.#retry);
    const lines = this.#queue.length + this.#dropped;
    if (this.#queue.length > 0) this.#options.log.error("The journal ends without its last lines", { file: this.#path, lines });
    await this.#file.close();
  }

  #schedule(): void {
    clearTimeout(this.#retry);
    this.#writing ??= this.#writeQueue().then(() => this.#succeeded(), (error: unknown) => this.#failed(error)).finally(() => {
      this.#writing = undefined;
      if (this.#queue.length > 0 && this.#problem === undefined) this.#schedule();
    });
  }

  async #writeQueue(): Promise<void> {
    const { maxBytes } = this.#options;
    while (this.#queue.length > 0) {
      const free = maxBytes - (await this.#file.ready());
      if (free < maxBytes && Buffer.byteLength(this.#queue[0] ?? "") > free) {
        await this.#file.rotate();
        this.#queue.unshift(...this.#carriedOver());
      } else {
        await this.#writeBatch(takeBatch(this.#queue, free));
      }
    }
  }

  async #writeBatch(batch: readonly string[]): Promise<void> {
    this.#queue = this.#queue.slice(batch.length);
    const { bytes, error } = await this.#file.append(batch.join(""));
    if (error === undefined) return;
    this.#queue = [...linesAfter(batch, bytes), ...this.#queue];
    throw error;
  }

  /** After a rotation: the starts of open runs that it dropped, up to half a file of them. */
  #carriedOver(): string[] {
    this.#rotations += 1;
    let bytes = 0;
    return [...this.#open].filter(({ rotation }) => rotation < this.#rotations - OLDER_FILES).flatMap((run) => {
      const line = formatEntry(run.start);
      bytes += Buffer.byteLength(line);
      if (bytes > this.#options.maxBytes / 2) return [];
      run.rotation = this.#rotations;
      return [line];
    });
  }

  #succeeded(): void {
    const details = { file: this.#path, linesLost: this.#dropped };
    if (this.#problem !== undefined) this.#options.log.info("The journal can be written again", details);
    this.#problem = undefined;
    this.#dropped = 0;
  }

  #failed(error: unknown): void {
    const { log, retryMs = RETRY_MS } = this.#options;
    const details = { file: this.#path, error: messageOf(error) };
    if (this.#problem === undefined) log.error("Cannot write the journal; its lines are kept and tried again", details);
    this.#problem = `Cannot write the journal ${this.#path}: ${messageOf(error)}`;
    this.#dropOldest();
    if (!this.#closed) this.#retry = setTimeout(() => this.#schedule(), retryMs).unref();
  }

  #dropOldest(): void {
    if (this.#queue.length <= MAX_QUEUED) return;
    this.#dropped += this.#queue.length - MAX_QUEUED;
    this.#queue = this.#queue.slice(-MAX_QUEUED);
  }
}

/** As many lines from the first on as fit, at least one. */
function takeBatch(queue: readonly string[], maxBytes: number): readonly string[] {
  let bytes = 0;
  const end = queue.findIndex((line, index) => (bytes += Buffer.byteLength(line)) > maxBytes && index > 0);
  return end < 0 ? [...queue] : queue.slice(0, end);
}

/** The lines of a batch that are not whole within its first `bytes`. */
function linesAfter(batch: readonly string[], bytes: number): readonly string[] {
  let end = 0;
  return batch.filter((line) => (end += Buffer.byteLength(line)) > bytes);
}

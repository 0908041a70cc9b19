// The frames of one run, for any number of readers at their own speed, in bounded memory and bounded on disk.
import { addAbortListener } from "node:events";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { FrameWindow } from "./frame-window.ts";
import { SpillFile } from "./spill-file.ts";

/** Frames in memory beyond this go to the disk, or, where no more is kept there, the oldest of them go. */
const MEMORY_BYTES = 128 * 1024;
/** With more than this waiting for the disk the script should be slowed. */
const FULL_BYTES = 512 * 1024;
/** The most that waits for a disk that is slower than a writer that does not slow down. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** What a frame log depends on: the most bytes on disk, and the folder for the frames that do not fit into memory. */
export interface FrameLogOptions {
  readonly maxBytes: number;
  readonly spillDir: string;
  readonly log: Pick<Log, "warn">;
}

/** What is kept of an ended run's frames: the first ones, a gap frame where some are missing, the last ones, the result frame. */
export interface FrameLogContents {
  readonly bytes: number;
  readonly pieces: AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** The frame that stands for `missing` others that were not kept. */
export function gapFrame(missing: number): Buffer {
  return Buffer.from(`{"type":"gap","missing":${missing}}\n`);
}

/**
 * The frames of a run, numbered from 0. A frame is a line of JSON with its break, in bytes of UTF-8.
 *
 * Frames are in three places in this order: in the file, on their way there (`batch`), in memory (`tail`). Beyond
 * `maxBytes`, or once the file cannot be written, `tail` shrinks to the last 128 KiB, and what it drops is the gap.
 */
export class FrameLog {
  readonly #options: FrameLogOptions;
  readonly #spill: SpillFile;
  readonly #listeners = new Set<() => void>();
  readonly #tail = new FrameWindow(0);
  #batch: FrameWindow | undefined;
  #result: Buffer | undefined;
  #closed = false;
  #limited = false;
  #spilling: Promise<void> | undefined;
  #onDrained: (() => void)[] = [];

  constructor(options: FrameLogOptions) {
    this.#options = options;
    this.#spill = new SpillFile(options.spillDir);
  }

  /** How many frames there are, kept or not. */
  get count(): number { return this.#tail.end + (this.#result === undefined ? 0 : 1); }
  /** The result frame, once the log has ended. */
  get result(): Buffer | undefined { return this.#result; }
  /** What the log takes in memory. */
  get memoryBytes(): number { return (this.#batch?.bytes ?? 0) + this.#tail.bytes + (this.#result?.length ?? 0); }
  /** Whether so much waits for the disk that the script should be slowed. */
  get full(): boolean { return this.#spilling !== undefined && this.#tail.bytes > FULL_BYTES; }

  /** Takes a frame; for a small run, a push to an array. Never throws; does nothing once the log has ended. */
  append(frame: Buffer): void {
    if (this.#result !== undefined || this.#closed) return;
    this.#tail.push(frame);
    if (this.#tail.bytes > MEMORY_BYTES) this.#overflow();
    if (this.#listeners.size > 0) this.#notify();
  }

  /** Takes the last frame, which is always kept; readers end after it. */
  end(resultFrame: Buffer): void {
    if (this.#result !== undefined || this.#closed) return;
    this.#result = resultFrame;
    this.#notify();
  }

  /** Calls back when the disk has caught up or given up. */
  onceDrained(resume: () => void): void {
    if (this.#spilling === undefined) resume();
    else this.#onDrained.push(resume);
  }

  /**
   * The frames from the `from`-th on, live until the log ends, is closed or `signal` is aborted. Each reader goes at its
   * own speed, and one that stops costs no memory. Where frames are not kept it is given one gap frame in their place.
   * What is not read to its end must be aborted: it holds the file.
   */
  read(from: number, signal: AbortSignal): AsyncIterable<Buffer> {
    let wake = () => {};
    const listener = () => wake();
    const leave = () => {
      if (!this.#listeners.delete(listener)) return;
      aborting[Symbol.dispose]();
      this.#spill.release();
      wake();
    };
    this.#listeners.add(listener);
    this.#spill.hold();
    const aborting = addAbortListener(signal, leave);
    return finishing(this.#follow(from, signal, () => new Promise((resolve) => { wake = resolve; })), leave);
  }

  /** What is kept, once the log has ended. */
  async contents(): Promise<FrameLogContents> {
    while (this.#spilling !== undefined) await this.#spilling;
    const missing = this.#tail.start - this.#spill.frames;
    const gap = missing === 0 ? [] : [gapFrame(missing)];
    const last = Buffer.concat([...gap, ...this.#tail.frames, ...(this.#result === undefined ? [] : [this.#result])]);
    return { bytes: this.#spill.bytes + last.length, pieces: this.#spill.frames === 0 ? [last] : followedBy(this.#spill.pieces(), last) };
  }

  /** Frees memory and disk as soon as the present readers have gone; a log that has not ended, ends without a result. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#notify();
    void Promise.resolve(this.#spilling).then(() => this.#spill.release());
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #overflow(): void {
    if (this.#limited) return this.#trim();
    if (this.#spilling !== undefined && this.#tail.bytes <= MAX_WAITING_BYTES) return;
    if (this.#spilling === undefined && this.#spill.bytes + this.#tail.bytes <= this.#options.maxBytes) return this.#spillTail();
    this.#limited = true;
    this.#trim();
  }

  /** Seldom enough to cost nothing. */
  #trim(): void {
    if (this.#tail.bytes > 2 * MEMORY_BYTES) this.#tail.trim(MEMORY_BYTES);
  }

  #spillTail(): void {
    const batch = this.#tail.split();
    this.#batch = batch;
    this.#spilling = this.#spill.append(batch.frames).catch((error: unknown) => this.#takeBack(batch, error)).finally(() => {
      this.#batch = undefined;
      this.#spilling = undefined;
      const waiting = this.#onDrained.splice(0);
      if (this.#tail.bytes > MEMORY_BYTES && this.#result === undefined) this.#overflow();
      for (const resume of waiting) resume();
    });
  }

  #takeBack(batch: FrameWindow, error: unknown): void {
    const { log, spillDir } = this.#options;
    const details = { directory: spillDir, error: messageOf(error) };
    log.warn("Cannot write the frames of a run to the disk; only the last are kept from here on", details);
    this.#limited = true;
    this.#tail.join(batch);
    this.#trim();
  }

  /** The frames of a reader; `changed` resolves when there may be more. */
  async *#follow(from: number, signal: AbortSignal, changed: () => Promise<void>): AsyncGenerator<Buffer> {
    for (let next = from; !signal.aborted;) {
      const spilled = this.#spill.frames;
      if (next < spilled) {
        for await (const frame of this.#onDisk(next, spilled, signal)) {
          yield frame;
          if (signal.aborted) return;
        }
        next = spilled;
        continue;
      }
      const found = this.#inMemory(next);
      if (found === undefined && (this.#result !== undefined || this.#closed)) return;
      if (found === undefined) await changed();
      else if (typeof found === "number") {
        next += found;
        yield gapFrame(found);
      } else {
        next += 1;
        yield found;
      }
    }
  }

  /** The frames from the `from`-th to before the `end`-th from the file; a gap where they cannot be read. */
  async *#onDisk(from: number, end: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    let next = from;
    try {
      for await (const frame of this.#spill.read(from)) {
        if (next === end) return;
        next += 1;
        yield frame;
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#options.log.warn("Cannot read the frames of a run from the disk", { error: messageOf(error) });
      yield gapFrame(end - next);
    }
  }

  /** The frame at `next` from memory, or how many are missing there. */
  #inMemory(next: number): Buffer | number | undefined {
    const tail = this.#tail;
    if (next === tail.end) return this.#result;
    return this.#batch?.at(next) ?? (next < tail.start ? tail.start - next : tail.at(next));
  }
}

async function* finishing(frames: AsyncIterable<Buffer>, done: () => void): AsyncGenerator<Buffer> {
  try {
    yield* frames;
  } finally {
    done();
  }
}

async function* followedBy(pieces: AsyncIterable<Buffer>, last: Buffer): AsyncGenerator<Buffer> {
  yield* pieces;
  yield last;
}

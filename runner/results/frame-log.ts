// The frames of one run, for any number of readers at their own pace, in bounded memory and bounded on disk.
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { createSpill } from "./spill.ts";

/** Frames in memory beyond this go to the disk, or, where no more is kept there, the oldest of them go. */
const MEMORY_BYTES = 128 * 1024;
/** More than this waiting for the disk is a reason to slow the script. */
const FULL_BYTES = 512 * 1024;
/** The most that waits for a disk that is slower than a writer that does not care. */
const MAX_BYTES = 4 * 1024 * 1024;

/** What is kept of an ended run's frames: the first ones, then, behind a gap, the last ones with the result frame as the very last. */
export interface KeptFrames {
  /** How many there were, the result frame and those in the gap among them. */
  readonly frames: number;
  /** The gap lies behind this many frames and is this long; there is none where `missing` is 0. */
  readonly gapAt: number;
  readonly missing: number;
  /** Of all that is kept, and of the result frame alone. */
  readonly bytes: number;
  readonly resultBytes: number;
  /** The kept frames' bytes in pieces, the result frame at the end. */
  pieces(): AsyncIterable<Buffer>;
}

/** The frames of a run, numbered from 0. A frame is a line of JSON with its break, in bytes of UTF-8. */
export interface FrameLog {
  /** How many frames there are, kept or not. */
  readonly count: number;
  /** The result frame, once the log has ended. */
  readonly result: Buffer | undefined;
  /** What the log takes in memory. */
  readonly memoryBytes: number;
  /** Takes a frame: for a small run, a push to an array. Never throws; does nothing once the log has ended. */
  append(frame: Buffer): void;
  /** Takes the last frame, which is always kept; readers end behind it. */
  end(resultFrame: Buffer): void;
  /** Whether the disk has fallen behind, so that the script should be slowed; `onceDrained` calls back when it has caught up or given up. */
  readonly full: boolean;
  onceDrained(resume: () => void): void;
  /**
   * The frames from the `from`-th on, live until the log ends, is closed or `signal` is aborted. Each reader goes at its
   * own pace, and one that stops costs no memory. Where frames are not kept it is given one gap frame in their place.
   * What is not read to its end must be aborted: it holds the file.
   */
  read(from: number, signal: AbortSignal): AsyncIterable<Buffer>;
  /** What is kept, once the log has ended. */
  kept(): Promise<KeptFrames>;
  /** Frees memory and disk as soon as the present readers have gone; a log that has not ended, ends without a result. */
  close(): void;
}

/** What a log needs: the most bytes on disk, and a folder for the file of a run with more frames than fit into memory. */
export interface FrameLogOptions {
  readonly maxBytes: number;
  readonly spillDir: string;
  readonly log: Pick<Log, "warn">;
}

/** The frame that stands for `missing` others that were not kept. */
export function gapFrame(missing: number): Buffer {
  return Buffer.from(`{"type":"gap","missing":${missing}}\n`);
}

/**
 * Makes an empty log. Frames are in three places in this order: in the file, on their way there (`batch`), in memory
 * (`tail`). Beyond `maxBytes`, or once the file can't be written, `tail` becomes a window on the last 128 KiB, and
 * what falls out of it is the gap.
 */
export function createFrameLog({ maxBytes, spillDir, log }: FrameLogOptions): FrameLog {
  const spill = createSpill(spillDir);
  const listeners = new Set<() => void>();
  let batch: readonly Buffer[] = [];
  let batchBytes = 0;
  let tail: Buffer[] = [];
  let tailStart = 0;
  let tailBytes = 0;
  let result: Buffer | undefined;
  let closed = false;
  let limited = false;
  let spilling: Promise<void> | undefined;
  let drained: (() => void)[] = [];

  function notify(): void {
    for (const listener of listeners) listener();
  }

  function overflow(): void {
    if (limited) return trim();
    if (spilling !== undefined && tailBytes <= MAX_BYTES) return;
    if (spilling === undefined && spill.bytes + tailBytes <= maxBytes) return startSpilling();
    limited = true;
    trim();
  }

  /** Lets go of the oldest frames in memory, seldom enough to cost nothing. */
  function trim(): void {
    if (tailBytes <= 2 * MEMORY_BYTES) return;
    let gone = 0;
    for (; tailBytes > MEMORY_BYTES && gone < tail.length - 1; gone++) tailBytes -= tail[gone]?.length ?? 0;
    tail = tail.slice(gone);
    tailStart += gone;
  }

  function startSpilling(): void {
    [batch, batchBytes, tail, tailBytes] = [tail, tailBytes, [], 0];
    tailStart += batch.length;
    spilling = spill.append(batch).then(forgetBatch, takeBatchBack).finally(() => {
      spilling = undefined;
      const waiting = drained;
      drained = [];
      if (tailBytes > MEMORY_BYTES && result === undefined) overflow();
      for (const resume of waiting) resume();
    });
  }

  function forgetBatch(): void {
    batch = [];
    batchBytes = 0;
  }

  function takeBatchBack(error: unknown): void {
    log.warn("Cannot write the frames of a run to the disk; only the last are kept from here on", { directory: spillDir, error: messageOf(error) });
    if (spill.frames + batch.length === tailStart) {
      tail = [...batch, ...tail];
      tailStart = spill.frames;
      tailBytes += batchBytes;
    }
    limited = true;
    forgetBatch();
    trim();
  }

  /** The next frame for a reader at `next`, from memory, or how many are missing there. */
  function inMemory(next: number): Buffer | number | undefined {
    if (next < spill.frames + batch.length) return batch[next - spill.frames];
    if (next < tailStart) return tailStart - next;
    return next < tailStart + tail.length ? tail[next - tailStart] : next === tailStart + tail.length ? result : undefined;
  }

  async function* follow(from: number, signal: AbortSignal, wait: () => Promise<void>): AsyncGenerator<Buffer> {
    let next = from;
    while (!signal.aborted) {
      if (next < spill.frames) {
        try {
          for await (const frame of spill.read(next)) {
            next += 1;
            yield frame;
            if (signal.aborted) return;
          }
        } catch (error) {
          if (signal.aborted) return;
          log.warn("Cannot read the frames of a run from the disk", { error: messageOf(error) });
          yield gapFrame(spill.frames - next);
          next = spill.frames;
        }
        continue;
      }
      const found = inMemory(next);
      if (found === undefined && (result !== undefined || closed)) return;
      if (found === undefined) await wait();
      else if (typeof found === "number") {
        next += found;
        yield gapFrame(found);
      } else {
        next += 1;
        yield found;
      }
    }
  }

  return {
    get count() { return tailStart + tail.length + (result === undefined ? 0 : 1); },
    get result() { return result; },
    get memoryBytes() { return batchBytes + tailBytes + (result?.length ?? 0); },
    append(frame) {
      if (result !== undefined || closed) return;
      tail.push(frame);
      tailBytes += frame.length;
      if (tailBytes > MEMORY_BYTES) overflow();
      if (listeners.size > 0) notify();
    },
    end(resultFrame) {
      if (result !== undefined || closed) return;
      result = resultFrame;
      notify();
    },
    get full() { return spilling !== undefined && tailBytes > FULL_BYTES; },
    onceDrained(resume) {
      if (spilling === undefined) resume();
      else drained.push(resume);
    },
    read(from, signal) {
      let wake = () => {};
      const listener = () => wake();
      const leave = () => {
        if (!listeners.delete(listener)) return;
        signal.removeEventListener("abort", leave);
        spill.letGo();
        wake();
      };
      listeners.add(listener);
      spill.hold();
      signal.addEventListener("abort", leave);
      if (signal.aborted) leave();
      const frames = follow(from, signal, () => new Promise((resolve) => { wake = resolve; }));
      return finishing(frames, leave);
    },
    async kept() {
      while (spilling !== undefined) await spilling;
      const last = Buffer.concat([...tail, result ?? Buffer.alloc(0)]);
      const missing = tailStart - spill.frames;
      return {
        frames: tailStart + tail.length + 1,
        gapAt: spill.frames,
        missing,
        bytes: spill.bytes + last.length,
        resultBytes: result?.length ?? 0,
        async *pieces() {
          yield* spill.pieces();
          yield last;
        },
      };
    },
    close() {
      if (closed) return;
      closed = true;
      notify();
      void Promise.resolve(spilling).then(() => spill.letGo());
    },
  };
}

async function* finishing(frames: AsyncIterable<Buffer>, done: () => void): AsyncGenerator<Buffer> {
  try {
    yield* frames;
  } finally {
    done();
  }
}

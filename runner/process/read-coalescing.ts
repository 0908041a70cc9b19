// Read coalescing: an output that comes in many small pieces is read a little later, in larger ones.

/** How long a stream is left unread; what it brings meanwhile is read at once. */
export const READ_DELAY_MS = 1;

/** A burst is more than so many small chunks in a row, each within so many milliseconds of the one before. */
const SMALL_CHUNKS = 16;
const BURST_GAP_MS = 4;
/** A chunk of so many bytes is worth being read by itself. */
const LARGE_BYTES = 32 * 1024;

/**
 * Decides for the streams of one process when reading is delayed. Reading a small chunk costs the reader more than the
 * writer, and wakes it in between; so a stream that comes in a burst, and alone, is read in larger pieces. Where two
 * streams take turns, their order counts for more. `now` is in milliseconds.
 */
export class ReadCoalescer {
  readonly #now: () => number;
  #last: unknown;
  #lastAt = 0;
  #smallInARow = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes note of a chunk, and tells whether its stream is to be left unread for `READ_DELAY_MS`. */
  shouldDelay(stream: unknown, bytes: number): boolean {
    const at = this.#now();
    if (stream !== this.#last || at - this.#lastAt > BURST_GAP_MS) this.#smallInARow = 0;
    this.#last = stream;
    this.#lastAt = at;
    if (bytes >= LARGE_BYTES) return false;
    this.#smallInARow += 1;
    return this.#smallInARow > SMALL_CHUNKS;
  }
}

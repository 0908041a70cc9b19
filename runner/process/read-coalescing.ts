// How fast an output is read that comes in many small pieces.

/** A stream that is hasty is not read for so long; what it brings meanwhile is read at once. */
export const READ_DELAY_MS = 1;

/** So many small chunks in a row, each within so many milliseconds of the one before, are haste. */
const SMALL_CHUNKS = 16;
const BURST_GAP_MS = 4;
/** A chunk of so many bytes is worth being read by itself. */
const LARGE_BYTES = 32 * 1024;

/** Tells after every chunk whether its stream had better be left alone for `REST_MS`. */
export type ReadCoalescing = (stream: unknown, bytes: number) => boolean;

/**
 * Makes a pace for the streams of one process. Reading a small chunk costs the reader more than the writer, and wakes it
 * in between; so a stream that comes in haste, and alone, is read in larger pieces. Where two streams take turns, their
 * order counts for more. `now` is in milliseconds.
 */
export function createReadCoalescing(now: () => number = () => performance.now()): ReadCoalescing {
  let last: unknown;
  let lastAt = 0;
  let row = 0;
  return (stream, bytes) => {
    const at = now();
    if (stream !== last || at - lastAt > BURST_GAP_MS) row = 0;
    last = stream;
    lastAt = at;
    if (bytes >= LARGE_BYTES) return false;
    row += 1;
    return row > SMALL_CHUNKS;
  };
}

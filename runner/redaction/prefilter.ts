// Skips most of a text quickly: finds the few offsets at which a needle may begin.

/** How many bytes are looked at together. */
const BLOCK = 3;
/** One bit of a table entry for each offset in a needle at which a block may stand. */
const MAX_STRIDE = 8;
const EMPTY = new Uint8Array(0);

/**
 * Finds the places in a text where a needle may begin. Needles and text are bytes.
 *
 * Every needle's first bytes contain a block at each of `stride` consecutive offsets, so looking at every `stride`-th
 * block of the text misses none; a table tells at which of these offsets of some needle a block stands. This is the block
 * table of Wu and Manber ("A fast algorithm for multi-pattern searching", 1994) with a fixed stride in place of their
 * shifts, so that no look-up waits for the one before.
 */
export class Prefilter {
  readonly #stride: number;
  readonly #shift: number;
  /** For each block hash, a bit per offset. */
  readonly #table: Uint8Array;
  /** For each byte, whether a needle begins with it. */
  readonly #firstBytes = new Uint8Array(256);
  #text: Uint8Array = EMPTY;

  /** Takes needles of at least `BLOCK` bytes. */
  constructor(needles: readonly Uint8Array[]) {
    const shortest = needles.reduce((min, needle) => Math.min(min, needle.length), Infinity);
    this.#stride = Math.min(MAX_STRIDE, shortest - BLOCK + 1);
    const bits = Math.min(16, Math.max(12, Math.ceil(Math.log2(needles.length * this.#stride * 16))));
    this.#table = new Uint8Array(1 << bits);
    this.#shift = 32 - bits;
    for (const needle of needles) this.#add(needle);
  }

  /** Starts with another text. */
  begin(text: Uint8Array): void {
    this.#text = text;
  }

  /** The first offset from `from` on at which a needle, or the beginning of one that the text cuts off, may stand; -1 for none. */
  next(from: number): number {
    const text = this.#text;
    const stride = this.#stride;
    const end = text.length - BLOCK;
    let last = nextBlock(text, end, this.#table, this.#shift, from + stride - 1, stride);
    for (; last <= end; last = nextBlock(text, end, this.#table, this.#shift, last + stride, stride)) {
      const at = this.#startBefore(last, last - stride + 1);
      if (at >= 0) return at;
    }
    for (let at = last - stride + 1; at < text.length; at += 1) if (this.#firstBytes[text[at] as number] === 1) return at;
    return -1;
  }

  #add(needle: Uint8Array): void {
    this.#firstBytes[needle[0] as number] = 1;
    for (let offset = 0; offset < this.#stride; offset += 1) {
      const block = blockHash(needle, offset, this.#shift);
      this.#table[block] = (this.#table[block] as number) | (1 << offset);
    }
  }

  /** The first offset from `from` to `to` that the block at `to` allows. */
  #startBefore(to: number, from: number): number {
    const offsets = this.#table[blockHash(this.#text, to, this.#shift)] as number;
    for (let at = from; at <= to; at += 1) {
      if ((offsets & (1 << (to - at))) === 0) continue;
      if (((this.#table[blockHash(this.#text, at, this.#shift)] as number) & 1) !== 0) return at;
    }
    return -1;
  }
}

/** The table index of the block at `at`. */
function blockHash(bytes: Uint8Array, at: number, shift: number): number {
  const block = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return Math.imul(block, 0x9e3779b1) >>> shift;
}

/** The first of every `stride`-th block, from `from` to `to`, that the table knows; beyond `to` for none. The hot loop. */
function nextBlock(bytes: Uint8Array, to: number, table: Uint8Array, shift: number, from: number, stride: number): number {
  let at = from;
  while (at <= to && table[blockHash(bytes, at, shift)] === 0) at += stride;
  return at;
}

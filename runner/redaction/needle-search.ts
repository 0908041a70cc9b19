// Which needle stands at one offset of a text: a binary search among the sorted needles. Texts and needles are bytes.

/** The text ends within what may become a needle. */
export const UNDECIDED = -1;

/** How many bytes are compared again and again before it is worth remembering where they were equal. */
const NEAR_BYTES = 64;

/**
 * The last long part of a needle that was found in the text, as text offsets, and the needle's Z array (see `zArray`).
 * Inside the match, the text is known to repeat the needle.
 */
interface Match {
  start: number;
  end: number;
  zArray: Int32Array | undefined;
}

/**
 * Finds needles in one text at a time, from left to right.
 *
 * The time stays proportional to the text even where needles and text repeat themselves: what is known of a needle's
 * beginning is not compared twice (the Z algorithm; Gusfield, "Algorithms on Strings, Trees and Sequences", 1.4).
 */
export class NeedleSearch {
  readonly #sorted: readonly Uint8Array[];
  /** For each needle the index of the longest other needle that it begins with, or -1. */
  readonly #prefixes: Int32Array;
  readonly #matches = new Map<number, Match>();
  #text: Uint8Array = new Uint8Array(0);
  #isFinal = true;

  constructor(needles: readonly Buffer[]) {
    const distinct = new Map(needles.map((needle) => [needle.toString("latin1"), needle]));
    this.#sorted = [...distinct.values()].sort((one, other) => Buffer.compare(one, other));
    this.#prefixes = longestPrefixes(this.#sorted);
  }

  /** Starts with another text; `isFinal` says that nothing follows it. */
  begin(text: Uint8Array, isFinal: boolean): void {
    this.#text = text;
    this.#isFinal = isFinal;
    for (const match of this.#matches.values()) match.start = match.end = 0;
  }

  /**
   * The length of the longest needle at an offset, 0 for none, `UNDECIDED` if a text that is not final ends within what
   * may become a longer needle. Offsets must not decrease.
   */
  lengthAt(at: number): number {
    let below = -1;
    let above = this.#sorted.length;
    let commonBelow = 0;
    let commonAbove = 0;
    while (above - below > 1) {
      const middle = (below + above) >> 1;
      const needle = this.#sorted[middle] as Uint8Array;
      const length = this.#commonLength(needle, middle, at, Math.min(commonBelow, commonAbove));
      const textEnded = at + length === this.#text.length && length < needle.length;
      if (textEnded && !this.#isFinal) return UNDECIDED;
      if (length === needle.length || (!textEnded && (needle[length] as number) < (this.#text[at + length] as number))) {
        below = middle;
        commonBelow = length;
      } else {
        above = middle;
        commonAbove = length;
      }
    }
    // Every needle that stands here is a prefix of the last needle that does not sort after the text.
    while (below >= 0 && (this.#sorted[below] as Uint8Array).length > commonBelow) below = this.#prefixes[below] as number;
    return below < 0 ? 0 : (this.#sorted[below] as Uint8Array).length;
  }

  /** How many bytes a needle has in common with the text at an offset; `known` of them are already known to be equal. */
  #commonLength(needle: Uint8Array, index: number, at: number, known: number): number {
    const limit = Math.min(needle.length, this.#text.length - at);
    const near = this.#compare(needle, at, known, Math.min(limit, NEAR_BYTES));
    return near < NEAR_BYTES || near === limit ? near : this.#longCommonLength(needle, index, at, near, limit);
  }

  #longCommonLength(needle: Uint8Array, index: number, at: number, known: number, limit: number): number {
    const match = this.#matches.get(index) ?? { start: at, end: at, zArray: undefined };
    let length = known;
    if (at < match.end) {
      match.zArray ??= zArray(needle);
      const repeated = match.zArray[at - match.start] ?? 0;
      if (repeated < match.end - at) return repeated;
      length = Math.max(length, match.end - at);
    }
    length = this.#compare(needle, at, length, limit);
    if (at + length > match.end) this.#matches.set(index, Object.assign(match, { start: at, end: at + length }));
    return length;
  }

  #compare(needle: Uint8Array, at: number, from: number, limit: number): number {
    let length = from;
    while (length < limit && this.#text[at + length] === needle[length]) length += 1;
    return length;
  }
}

function longestPrefixes(sorted: readonly Uint8Array[]): Int32Array {
  const prefixes = new Int32Array(sorted.length);
  sorted.forEach((needle, index) => {
    let candidate = index - 1;
    while (candidate >= 0 && !startsWith(needle, sorted[candidate] as Uint8Array)) candidate = prefixes[candidate] as number;
    prefixes[index] = candidate;
  });
  return prefixes;
}

function startsWith(whole: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, at) => byte === whole[at]);
}

/** For each offset of a text, how many bytes from there on equal the text's beginning. */
function zArray(text: Uint8Array): Int32Array {
  const lengths = new Int32Array(text.length);
  lengths[0] = text.length;
  let start = 0;
  let end = 0;
  for (let at = 1; at < text.length; at += 1) {
    let length = at < end ? Math.min(end - at, lengths[at - start] as number) : 0;
    while (at + length < text.length && text[length] === text[at + length]) length += 1;
    lengths[at] = length;
    if (at + length > end) {
      start = at;
      end = at + length;
    }
  }
  return lengths;
}

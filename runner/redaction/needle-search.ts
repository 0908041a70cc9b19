// Which needle stands at one place of a text: a binary search among the sorted needles. Texts and needles are bytes.

/** The text ends within what may become a needle. */
export const UNDECIDED = -1;

/** Finds needles in one text at a time, place by place, from left to right. */
export interface NeedleSearch {
  /** Turns to another text; `final` says that nothing follows it. */
  begin(text: Uint8Array, final: boolean): void;
  /** The length of the longest needle that stands at `at`, 0 for none, `UNDECIDED` where the rest of a text that is not final begins a longer needle. Places never go back. */
  at(at: number): number;
}

/** The last long part of a needle that was met in the text, and for each of the needle's places how much of its beginning stands there too. */
interface Box {
  start: number;
  end: number;
  repeats: Int32Array | undefined;
}

/** So many bytes are compared again and again before it is worth remembering where they were equal. */
const NEAR = 64;

/**
 * Makes a search. Comparing costs time in proportion to the text even where needles and text repeat themselves: what
 * is known of a needle's beginning is not compared twice (the Z algorithm; Gusfield, "Algorithms on Strings", 1.4).
 */
export function createNeedleSearch(needles: readonly string[]): NeedleSearch {
  const sorted = [...new Set(needles)].map((needle): Uint8Array => Buffer.from(needle)).sort((one, other) => Buffer.compare(one, other));
  const shorter = shorterNeedles(sorted);
  const boxes = new Map<number, Box>();
  let text: Uint8Array = new Uint8Array(0);
  let final = true;

  /** How many bytes of a needle stand at `at`; `known` of them are known to. */
  function common(needle: Uint8Array, index: number, at: number, known: number): number {
    const limit = Math.min(needle.length, text.length - at);
    const near = extend(needle, at, known, Math.min(limit, NEAR));
    return near < NEAR || near === limit ? near : commonFar(needle, index, at, near, limit);
  }

  function commonFar(needle: Uint8Array, index: number, at: number, known: number, limit: number): number {
    const box = boxes.get(index) ?? { start: at, end: at, repeats: undefined };
    let length = known;
    if (at < box.end) {
      box.repeats ??= repeatsIn(needle);
      const repeat = box.repeats[at - box.start] ?? 0;
      if (repeat < box.end - at) return repeat;
      length = Math.max(length, box.end - at);
    }
    length = extend(needle, at, length, limit);
    if (at + length > box.end) boxes.set(index, Object.assign(box, { start: at, end: at + length }));
    return length;
  }

  function extend(needle: Uint8Array, at: number, from: number, limit: number): number {
    let length = from;
    while (length < limit && text[at + length] === needle[length]) length += 1;
    return length;
  }

  return {
    begin(next, isFinal) {
      text = next;
      final = isFinal;
      for (const box of boxes.values()) box.start = box.end = 0;
    },
    at(at) {
      let below = -1;
      let above = sorted.length;
      let commonBelow = 0;
      let commonAbove = 0;
      while (above - below > 1) {
        const middle = (below + above) >> 1;
        const needle = sorted[middle] as Uint8Array;
        const length = common(needle, middle, at, Math.min(commonBelow, commonAbove));
        const ended = at + length === text.length && length < needle.length;
        if (ended && !final) return UNDECIDED;
        if (length === needle.length || (!ended && (needle[length] as number) < (text[at + length] as number))) {
          below = middle;
          commonBelow = length;
        } else {
          above = middle;
          commonAbove = length;
        }
      }
      // Every needle that stands here begins the last one that is not behind the text.
      while (below >= 0 && (sorted[below] as Uint8Array).length > commonBelow) below = shorter[below] as number;
      return below < 0 ? 0 : (sorted[below] as Uint8Array).length;
    },
  };
}

/** For each of the sorted needles the place of the longest other one that it begins with, or -1. */
function shorterNeedles(sorted: readonly Uint8Array[]): Int32Array {
  const shorter = new Int32Array(sorted.length);
  sorted.forEach((needle, index) => {
    let candidate = index - 1;
    while (candidate >= 0 && !startsWith(needle, sorted[candidate] as Uint8Array)) candidate = shorter[candidate] as number;
    shorter[index] = candidate;
  });
  return shorter;
}

function startsWith(whole: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, at) => byte === whole[at]);
}

/** For each place of a text how many bytes from there on are equal to its beginning (the Z array). */
function repeatsIn(text: Uint8Array): Int32Array {
  const repeats = new Int32Array(text.length);
  repeats[0] = text.length;
  let start = 0;
  let end = 0;
  for (let at = 1; at < text.length; at += 1) {
    let length = at < end ? Math.min(end - at, repeats[at - start] as number) : 0;
    while (at + length < text.length && text[length] === text[at + length]) length += 1;
    repeats[at] = length;
    if (at + length > end) {
      start = at;
      end = at + length;
    }
  }
  return repeats;
}

// Pseudo-random numbers with a fixed seed, so that a failure can be reproduced.

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Splits an input as a stream may deliver it: whole, unit by unit, and at random places. */
export function cuttings<T extends { readonly length: number; slice(from: number, to: number): T }>(whole: T, seed = 7, rounds = 5): T[][] {
  const random = seeded(seed);
  const at = (sizes: () => number) => {
    const pieces: T[] = [];
    for (let from = 0; from < whole.length;) {
      const size = sizes();
      pieces.push(whole.slice(from, from + size));
      from += size;
    }
    return pieces;
  };
  const maxSize = Math.max(2, Math.ceil(whole.length / 3));
  return [[whole], at(() => 1), ...Array.from({ length: rounds }, () => at(() => 1 + Math.floor(random() * maxSize)))];
}

/** Like `cuttings`, for a text that is split between characters only. */
export function characterCuttings(text: string, seed = 7, rounds = 5): string[][] {
  return cuttings<readonly string[]>([...text], seed, rounds).map((pieces) => pieces.map((piece) => piece.join("")));
}

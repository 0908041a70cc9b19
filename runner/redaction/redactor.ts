// Replaces needles (the forms of secrets) in texts, in JSON values and in streams.
import { MAX_DEPTH } from "../lib/depth.ts";
import { createNeedleSearch, UNDECIDED } from "./needle-search.ts";
import { MIN_SECRET_LENGTH } from "./secret-forms.ts";

/** What stands where a needle was. */
export const REPLACEMENT = "***";
const HIDDEN = Buffer.from(REPLACEMENT);

/** Hides needles: the leftmost first, of those that begin at one place the longest. */
export interface Redaction {
  /** A whole text. */
  text(text: string): string;
  /** A JSON value with its strings, keys and numbers; the same object when nothing changed. What lies deeper than `MAX_DEPTH` is hidden as a whole. */
  value<T>(value: T): T;
  stream(): RedactedStream;
}

/** Hides needles in a stream, the same ones as in the whole text, however it is cut. Chunks are the bytes of whole characters of UTF-8. */
export interface RedactedStream {
  /** What comes out may be the chunk itself or a part of it. The end of a chunk is held back only where it begins a needle. */
  push(chunk: Buffer): Buffer;
  flush(): Buffer;
  /** Whether something is held back. */
  readonly holds: boolean;
}

const NOTHING = Buffer.alloc(0);

/** Hides nothing and costs nothing. */
export const NOTHING_HIDDEN: Redaction = {
  text: (text) => text,
  value: (value) => value,
  stream: () => ({ push: (chunk) => chunk, flush: () => NOTHING, holds: false }),
};

/** Makes a redaction for needles of at least `SHORTEST_SECRET` UTF-16 units; shorter ones are ignored. */
export function createRedaction(needles: readonly string[]): Redaction {
  const usable = needles.filter((needle) => needle.length >= MIN_SECRET_LENGTH);
  if (usable.length === 0) return NOTHING_HIDDEN;
  const scan = createScan(usable);

  function stream(): RedactedStream {
    let held = NOTHING;
    return {
      push(chunk) {
        if (chunk.length === 0) return chunk;
        const { shown, rest } = scan(held.length === 0 ? chunk : Buffer.concat([held, chunk]), false);
        held = rest.length === 0 ? NOTHING : Buffer.from(rest);
        return shown;
      },
      flush() {
        const last = held;
        held = NOTHING;
        return scan(last, true).shown;
      },
      get holds() { return held.length > 0; },
    };
  }

  function text(whole: string): string {
    if (whole.length < MIN_SECRET_LENGTH) return whole;
    const bytes = Buffer.from(whole);
    const { shown } = scan(bytes, true);
    return shown === bytes ? whole : shown.toString();
  }

  return { text, stream, value: <T>(value: T): T => hideIn(value, text, 0) as T };
}

/** A text with its needles replaced, or itself where there are none, and the end of it that may begin a needle. */
type Scan = (text: Buffer, final: boolean) => { readonly shown: Buffer; readonly rest: Buffer };

function createScan(needles: readonly string[]): Scan {
  const search = createNeedleSearch(needles);
  const prefilter = createPrefilter(needles);

  return (text, final) => {
    const shown: Buffer[] = [];
    let from = 0;
    let end = text.length;
    search.begin(text, final);
    prefilter.begin(text);
    for (let at = prefilter.next(0); at >= 0;) {
      // What is too short for a needle can only begin one.
      if (final && text.length - at < MIN_SECRET_LENGTH) break;
      const length = search.at(at);
      if (length === UNDECIDED) {
        end = at;
        break;
      }
      if (length > 0) {
        shown.push(text.subarray(from, at), HIDDEN);
        from = at + length;
      }
      at = prefilter.next(length > 0 ? from : at + 1);
    }
    if (from === 0 && end === text.length) return { shown: text, rest: NOTHING };
    return { shown: from === 0 ? text.subarray(0, end) : Buffer.concat([...shown, text.subarray(from, end)]), rest: text.subarray(end) };
  };
}

/** Finds the few places of a text at which a needle may begin. */
interface Prefilter {
  begin(text: Uint8Array): void;
  /** The first place from `from` on at which a needle, or the beginning of one that the text cuts off, may stand; -1 for none. */
  next(from: number): number;
}

/** So many bytes are looked at together. */
const BLOCK = 3;
/** One bit of a table's entry for each place in a needle at which a block may stand. */
const MAX_STRIDE = 8;

/**
 * Makes a sieve. Every needle's first bytes hold a block at each of `stride` places in a row, so looking at every
 * `stride`-th block of the text misses none; a table tells at which of these places in a needle a block stands. This
 * is the block table of Wu and Manber ("A fast algorithm for multi-pattern searching", 1994) with a fixed stride in
 * place of their shifts, so that no look-up waits for the one before.
 */
function createPrefilter(needles: readonly string[]): Prefilter {
  const beginnings = needles.map((needle): Uint8Array => Buffer.from(needle));
  const shortest = beginnings.reduce((least, needle) => Math.min(least, needle.length), Infinity);
  const stride = Math.min(MAX_STRIDE, shortest - BLOCK + 1);
  const bits = Math.min(16, Math.max(12, Math.ceil(Math.log2(needles.length * stride * 16))));
  const table = new Uint8Array(1 << bits);
  const firsts = new Uint8Array(256);
  const shift = 32 - bits;
  let bytes: Uint8Array = NOTHING;

  for (const needle of beginnings) {
    firsts[needle[0] as number] = 1;
    for (let place = 0; place < stride; place += 1) {
      const block = blockAt(needle, place, shift);
      table[block] = (table[block] as number) | (1 << place);
    }
  }

  /** The first place from `from` to `to` that the block at `to` allows. */
  function placeBefore(to: number, from: number): number {
    const places = table[blockAt(bytes, to, shift)] as number;
    for (let at = from; at <= to; at += 1) {
      if ((places & (1 << (to - at))) !== 0 && ((table[blockAt(bytes, at, shift)] as number) & 1) !== 0) return at;
    }
    return -1;
  }

  return {
    begin(text) { bytes = text; },
    next(from) {
      const { length } = bytes;
      let last = nextBlock(bytes, length - BLOCK, table, shift, from + stride - 1, stride);
      for (; last + BLOCK <= length; last = nextBlock(bytes, length - BLOCK, table, shift, last + stride, stride)) {
        const at = placeBefore(last, last - stride + 1);
        if (at >= 0) return at;
      }
      for (let at = last - stride + 1; at < length; at += 1) if (firsts[bytes[at] as number] === 1) return at;
      return -1;
    },
  };
}

/** The table's place for the block at `at`. */
function blockAt(bytes: Uint8Array, at: number, shift: number): number {
  return Math.imul((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16), 0x9e3779b1) >>> shift;
}

/** The first of every `stride`-th block, from `from` to `to`, that the table has an entry for; beyond `to` for none. Nearly all the time is spent here. */
function nextBlock(bytes: Uint8Array, to: number, table: Uint8Array, shift: number, from: number, stride: number): number {
  let at = from;
  while (at <= to && table[blockAt(bytes, at, shift)] === 0) at += stride;
  return at;
}

function hideIn(value: unknown, hide: (text: string) => string, depth: number): unknown {
  if (typeof value === "string") return hide(value);
  if (typeof value === "number") return hide(String(value)) === String(value) ? value : hide(String(value));
  if (typeof value !== "object" || value === null) return value;
  if (depth === MAX_DEPTH) return REPLACEMENT;
  if (Array.isArray(value)) {
    const hidden = value.map((item) => hideIn(item, hide, depth + 1));
    return hidden.some((item, index) => !Object.is(item, value[index])) ? hidden : value;
  }
  const entries = Object.entries(value);
  const hidden = entries.map(([key, item]) => [hide(key), hideIn(item, hide, depth + 1)] as const);
  const changed = hidden.some(([key, item], index) => key !== entries[index]?.[0] || !Object.is(item, entries[index]?.[1]));
  return changed ? Object.fromEntries(hidden) : value;
}

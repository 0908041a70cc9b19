// Replaces needles (the forms of secrets) in texts, in JSON values and in streams.
import { createNeedleSearch, UNDECIDED } from "./needle-search.ts";
import { SHORTEST_SECRET } from "./needles.ts";

/** What stands where a needle was. */
export const REPLACEMENT = "***";

/** Hides needles: the leftmost first, of those that begin at one place the longest. */
export interface Redaction {
  /** A whole text. */
  text(text: string): string;
  /** A JSON value with its strings, keys and numbers; the same object when nothing changed. */
  value<T>(value: T): T;
  /** A stream: the same as the whole text, however it is cut. The end of a chunk is held back only where it begins a needle. */
  stream(): { push(text: string): string; flush(): string };
}

/** Hides nothing and costs nothing. */
export const NOTHING_HIDDEN: Redaction = {
  text: (text) => text,
  value: (value) => value,
  stream: () => ({ push: (text) => text, flush: () => "" }),
};

/** A long text is taken in pieces of this size, so that what is needed beside it stays small. */
const PIECE = 64 * 1024;
/** What lies deeper in a value is hidden as a whole. */
const MAX_DEPTH = 1000;

/** Makes a redaction for needles of at least `SHORTEST_SECRET` UTF-16 units; shorter ones are ignored. */
export function createRedaction(needles: readonly string[]): Redaction {
  const usable = needles.filter((needle) => needle.length >= SHORTEST_SECRET);
  if (usable.length === 0) return NOTHING_HIDDEN;
  const scan = createScan(usable);

  function stream(): ReturnType<Redaction["stream"]> {
    let held = "";
    return {
      push(chunk) {
        if (chunk === "") return "";
        const { shown, rest } = scan(held === "" ? chunk : held + chunk, false);
        held = rest;
        return shown;
      },
      flush() {
        const last = held;
        held = "";
        return scan(last, true).shown;
      },
    };
  }

  function text(whole: string): string {
    if (whole.length < SHORTEST_SECRET) return whole;
    if (whole.length <= PIECE) return scan(whole, true).shown;
    const { push, flush } = stream();
    const parts: string[] = [];
    for (let at = 0; at < whole.length; at += PIECE) parts.push(push(whole.slice(at, at + PIECE)));
    const hidden = parts.join("") + flush();
    return hidden === whole ? whole : hidden;
  }

  return { text, stream, value: <T>(value: T): T => hideIn(value, text, 0) as T };
}

/** A text with its needles replaced, and the end of it that may begin a needle. */
type Scan = (text: string, final: boolean) => { readonly shown: string; readonly rest: string };

function createScan(needles: readonly string[]): Scan {
  const search = createNeedleSearch(needles);
  const sieve = createSieve(needles);

  return (text, final) => {
    let shown = "";
    let from = 0;
    search.begin(text, final);
    sieve.begin(text);
    for (let at = sieve.next(0); at >= 0;) {
      // What is too short for a needle can only begin one.
      if (final && text.length - at < SHORTEST_SECRET) break;
      const length = search.at(at);
      if (length === UNDECIDED) return { shown: shown + text.slice(from, at), rest: text.slice(at) };
      if (length > 0) {
        shown += text.slice(from, at) + REPLACEMENT;
        from = at + length;
      }
      at = sieve.next(length > 0 ? from : at + 1);
    }
    return { shown: from === 0 ? text : shown + text.slice(from), rest: "" };
  };
}

/** Finds the few places of a text at which a needle may begin. */
interface Sieve {
  begin(text: string): void;
  /** The first place from `from` on at which a needle, or the beginning of one that the text cuts off, may stand; -1 for none. */
  next(from: number): number;
}

/** So many characters are looked at together. */
const BLOCK = 3;
/** One bit of a table's entry for each place in a needle at which a block may stand. */
const MAX_STRIDE = 8;

/**
 * Makes a sieve. Every needle's first characters hold a block at each of `stride` places in a row, so looking at every
 * `stride`-th block of the text misses none; a table tells at which of these places in a needle a block stands. This
 * is the block table of Wu and Manber ("A fast algorithm for multi-pattern searching", 1994) with a fixed stride in
 * place of their shifts, so that no look-up waits for the one before. Characters count by their lower eight bits here.
 */
function createSieve(needles: readonly string[]): Sieve {
  const shortest = needles.reduce((least, needle) => Math.min(least, needle.length), Infinity);
  const stride = Math.min(MAX_STRIDE, shortest - BLOCK + 1);
  const bits = Math.min(16, Math.max(12, Math.ceil(Math.log2(needles.length * stride * 16))));
  const table = new Uint8Array(1 << bits);
  const firsts = new Uint8Array(256);
  const shift = 32 - bits;
  let bytes = Buffer.allocUnsafe(1024);
  let length = 0;

  function begin(text: string): void {
    if (bytes.length < text.length) bytes = Buffer.allocUnsafe(text.length + (text.length >> 2));
    length = bytes.write(text, 0, "latin1");
  }

  for (const needle of needles) {
    begin(needle.slice(0, stride + BLOCK - 1));
    firsts[bytes[0] as number] = 1;
    for (let place = 0; place < stride; place += 1) {
      const block = blockAt(bytes, place, shift);
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
    begin,
    next(from) {
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

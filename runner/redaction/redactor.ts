// Replaces needles (the forms of secrets) in texts, in JSON values and in streams.
import { MAX_DEPTH } from "../lib/depth.ts";
import { NeedleSearch, UNDECIDED } from "./needle-search.ts";
import { Prefilter } from "./prefilter.ts";
import { MIN_SECRET_LENGTH } from "./secret-forms.ts";

/** What a needle is replaced by. */
export const REPLACEMENT = "***";
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);
const EMPTY = Buffer.alloc(0);

/** Hides needles: the leftmost first; of those that begin at one offset, the longest. */
export interface Redaction {
  /** Redacts a whole text. */
  text(text: string): string;
  /**
   * Redacts the strings, keys and numbers of a JSON value; returns the same object when nothing changed. Values nested
   * deeper than `MAX_DEPTH` are replaced whole.
   */
  value<T>(value: T): T;
  stream(): RedactedStream;
}

/** Hides needles in a stream, the same ones as in the whole text, wherever it is cut. Chunks are whole UTF-8 characters. */
export interface RedactedStream {
  /** May return the chunk itself or a part of it. The end of a chunk is held back only if it may begin a needle. */
  push(chunk: Buffer): Buffer;
  flush(): Buffer;
  /** Whether something is held back. */
  readonly holds: boolean;
}

/** Hides nothing, at no cost. */
export const NOTHING_HIDDEN: Redaction = {
  text: (text) => text,
  value: (value) => value,
  stream: () => ({ push: (chunk) => chunk, flush: () => EMPTY, holds: false }),
};

/** Makes a redaction for needles of at least `MIN_SECRET_LENGTH` UTF-16 units; shorter ones are ignored. */
export function createRedaction(needles: readonly string[]): Redaction {
  const usable = needles.filter((needle) => needle.length >= MIN_SECRET_LENGTH);
  if (usable.length === 0) return NOTHING_HIDDEN;
  const scan = createScan(usable.map((needle) => Buffer.from(needle)));

  function text(whole: string): string {
    if (whole.length < MIN_SECRET_LENGTH) return whole;
    const bytes = Buffer.from(whole);
    const { shown } = scan(bytes, true);
    return shown === bytes ? whole : shown.toString();
  }

  return { text, value: <T>(value: T): T => redactValue(value, text, 0) as T, stream: () => new StreamRedactor(scan) };
}

class StreamRedactor implements RedactedStream {
  readonly #scan: Scan;
  #held: Buffer = EMPTY;

  constructor(scan: Scan) {
    this.#scan = scan;
  }

  push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk;
    const { shown, rest } = this.#scan(this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]), false);
    this.#held = rest.length === 0 ? EMPTY : Buffer.from(rest);
    return shown;
  }

  flush(): Buffer {
    const rest = this.#held;
    this.#held = EMPTY;
    return this.#scan(rest, true).shown;
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }
}

/** Returns a text with its needles replaced, or the text itself where there are none, and the end that may begin a needle. */
type Scan = (text: Buffer, final: boolean) => { readonly shown: Buffer; readonly rest: Buffer };

function createScan(needles: readonly Buffer[]): Scan {
  const search = new NeedleSearch(needles);
  const prefilter = new Prefilter(needles);

  return (text, final) => {
    const shown: Buffer[] = [];
    let from = 0;
    let end = text.length;
    search.begin(text, final);
    prefilter.begin(text);
    for (let at = prefilter.next(0); at >= 0;) {
      if (final && text.length - at < MIN_SECRET_LENGTH) break; // too short for a whole needle
      const length = search.lengthAt(at);
      if (length === UNDECIDED) {
        end = at;
        break;
      }
      if (length > 0) {
        shown.push(text.subarray(from, at), REPLACEMENT_BYTES);
        from = at + length;
      }
      at = prefilter.next(length > 0 ? from : at + 1);
    }
    if (from === 0 && end === text.length) return { shown: text, rest: EMPTY };
    return { shown: from === 0 ? text.subarray(0, end) : Buffer.concat([...shown, text.subarray(from, end)]), rest: text.subarray(end) };
  };
}

function redactValue(value: unknown, redact: (text: string) => string, depth: number): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "number") return redact(String(value)) === String(value) ? value : redact(String(value));
  if (typeof value !== "object" || value === null) return value;
  if (depth === MAX_DEPTH) return REPLACEMENT;
  if (Array.isArray(value)) {
    const redacted = value.map((item) => redactValue(item, redact, depth + 1));
    return redacted.some((item, index) => !Object.is(item, value[index])) ? redacted : value;
  }
  const entries = Object.entries(value);
  const redacted = entries.map(([key, item]) => [redact(key), redactValue(item, redact, depth + 1)] as const);
  const isChanged = redacted.some(([key, item], index) => key !== entries[index]?.[0] || !Object.is(item, entries[index]?.[1]));
  return isChanged ? Object.fromEntries(redacted) : value;
}

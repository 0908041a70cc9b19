// Splits text into ordinary text and marker lines (docs/protocol.md, section 3), wherever the chunks are cut.
import { MARKER_STEM, MARKERS } from "../protocol/markers.ts";
import type { MarkerKind } from "../protocol/markers.ts";

/** The largest payload in bytes. A larger log or notification stays ordinary output; a larger return is an error. */
export const MAX_PAYLOAD = 16 * 1024 * 1024;

/** A piece of ordinary text. */
export interface TextSegment {
  readonly text: Buffer;
  /** Whether the segment is exactly the chunk that was pushed: nothing was cut from it and nothing was added. */
  readonly isWholeChunk: boolean;
}

/** Receives what the reader finds, in order. */
export interface MarkerHandler {
  text(segment: TextSegment): void;
  /** Receives a marker's payload, the rest of its line. Returns whether it was accepted; otherwise the line becomes ordinary text. */
  marker(kind: MarkerKind, payload: string): boolean;
  /** Called for a return larger than `MAX_PAYLOAD`, whose text is dropped. */
  oversized(): void;
}

/** A marker whose line has not ended yet. */
interface OpenMarker {
  readonly kind: MarkerKind;
  readonly parts: Buffer[];
  size: number;
  readonly followsText: boolean;
}

const KINDS = Object.keys(MARKERS) as MarkerKind[];
const MAX_MARKER = Math.max(...Object.values(MARKERS).map((marker) => marker.length));
const EMPTY = Buffer.alloc(0);
const LINE_BREAK = Buffer.from("\n");
const LF = 0x0a;
const CR = 0x0d;
const UNDERSCORE = 0x5f;

/** Reads the markers of one output stream. */
export class MarkerReader {
  readonly #handler: MarkerHandler;
  #held: Buffer = EMPTY;
  #open: OpenMarker | undefined;
  #atLineStart = true;

  constructor(handler: MarkerHandler) {
    this.#handler = handler;
  }

  /** Takes whole UTF-8 characters and keeps no reference to the chunk. */
  push(chunk: Buffer): void {
    const isChunk = this.#held.length === 0;
    const text = isChunk ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = EMPTY;
    for (let at = 0; at < text.length;) at = this.#open === undefined ? this.#scan(text, at, isChunk) : this.#extend(this.#open, text, at);
  }

  /** Ends the output: a marker line without a line break counts. */
  flush(): void {
    const rest = this.#held;
    this.#held = EMPTY;
    this.#emit(rest, false);
    if (this.#open !== undefined) this.#close(this.#open, EMPTY);
  }

  #emit(text: Buffer, isWholeChunk: boolean): void {
    if (text.length === 0) return;
    this.#atLineStart = text[text.length - 1] === LF;
    this.#handler.text({ text, isWholeChunk });
  }

  /** Reads up to and including the next marker and returns the offset after it. */
  #scan(text: Buffer, from: number, isChunk: boolean): number {
    for (let at = text.indexOf(MARKER_STEM, from, "latin1"); at >= 0; at = text.indexOf(MARKER_STEM, at + 1, "latin1")) {
      const kind = markerAt(text, at);
      if (kind === undefined) continue;
      this.#emit(text.subarray(from, at), false);
      this.#open = { kind, parts: [], size: 0, followsText: !this.#atLineStart };
      return at + MARKERS[kind].length;
    }
    const end = text.length - markerPrefixLength(text, from);
    if (end < text.length) this.#held = Buffer.from(text.subarray(end));
    const isAll = from === 0 && end === text.length;
    this.#emit(isAll ? text : text.subarray(from, end), isAll && isChunk);
    return text.length;
  }

  /** Adds to the open marker's payload and returns the offset after its line. */
  #extend(marker: OpenMarker, text: Buffer, from: number): number {
    const end = text.indexOf(LF, from);
    const part = text.subarray(from, end < 0 ? text.length : end);
    marker.size += part.length;
    if (marker.size <= MAX_PAYLOAD) marker.parts.push(end < 0 ? Buffer.from(part) : part);
    else if (marker.kind === "return") marker.parts.length = 0;
    else return this.#abandon(marker, from);
    if (end < 0) return text.length;
    this.#close(marker, LINE_BREAK);
    return end + 1;
  }

  /** Turns an oversized marker back into ordinary text; reading goes on at `from`. */
  #abandon(marker: OpenMarker, from: number): number {
    this.#open = undefined;
    this.#emit(Buffer.concat([Buffer.from(MARKERS[marker.kind]), ...marker.parts]), false);
    return from;
  }

  #close(marker: OpenMarker, lineBreak: Buffer): void {
    const line = marker.parts.length === 1 ? (marker.parts[0] as Buffer) : Buffer.concat(marker.parts);
    const payload = line.toString("utf8", 0, line.at(-1) === CR ? line.length - 1 : line.length);
    this.#open = undefined;
    if (marker.size > MAX_PAYLOAD) this.#handler.oversized();
    else if (!this.#handler.marker(marker.kind, payload))
      return this.#emit(Buffer.concat([Buffer.from(MARKERS[marker.kind]), line, lineBreak]), false);
    if (marker.followsText) this.#emit(lineBreak, false);
  }
}

function markerAt(text: Buffer, at: number): MarkerKind | undefined {
  const start = text.toString("latin1", at, at + MAX_MARKER);
  return KINDS.find((kind) => start.startsWith(MARKERS[kind]));
}

/** How many of the last bytes, from `from` on, may begin a marker. */
function markerPrefixLength(text: Buffer, from: number): number {
  const first = Math.max(from, text.length - MAX_MARKER + 1);
  for (let at = text.indexOf(UNDERSCORE, first); at >= 0; at = text.indexOf(UNDERSCORE, at + 1)) {
    const tail = text.toString("latin1", at);
    if (KINDS.some((kind) => MARKERS[kind].startsWith(tail))) return tail.length;
  }
  return 0;
}

// Text → ordinary text and marker lines (protocol, section 3), however the chunks fall.
import { MARKER_STEM, MARKERS } from "../protocol/markers.ts";
import type { MarkerKind } from "../protocol/markers.ts";

/** A longer payload of a log or a notification is ordinary output; of a return it is an error. In bytes. */
export const MAX_PAYLOAD = 16 * 1024 * 1024;

/** Where the reader's findings go. */
export interface MarkerHandler {
  /** Ordinary text, in order; the pushed chunk itself where nothing in it is a marker's. */
  text(text: Buffer): void;
  /** A marker's payload, the rest of its line; says whether it was taken. One that was not is ordinary text. */
  marker(kind: MarkerKind, payload: string): boolean;
  /** A return beyond `MAX_PAYLOAD`; its text is dropped. */
  oversized(): void;
}

/** A small machine that is fed text and calls its handler. */
export interface MarkerReader {
  /** Takes whole characters of UTF-8; keeps no part of the chunk itself. */
  push(chunk: Buffer): void;
  /** The end of the output: a marker line without a line break counts. */
  flush(): void;
}

/** A marker whose line has not ended yet. */
interface OpenMarker {
  readonly kind: MarkerKind;
  readonly parts: Buffer[];
  size: number;
  readonly behindText: boolean;
}

const KINDS = Object.keys(MARKERS) as MarkerKind[];
const LONGEST = Math.max(...Object.values(MARKERS).map((marker) => marker.length));
const NOTHING = Buffer.alloc(0);
const LINE_BREAK = Buffer.from("\n");
const BREAK = 0x0a;
const UNDERSCORE = 0x5f;

/** Makes a reader for one stream of output. */
export function createMarkerReader(handler: MarkerHandler): MarkerReader {
  let held = NOTHING;
  let open: OpenMarker | undefined;
  let atLineStart = true;

  function plain(text: Buffer): void {
    if (text.length === 0) return;
    atLineStart = text[text.length - 1] === BREAK;
    handler.text(text);
  }

  function close(marker: OpenMarker, lineBreak: Buffer): void {
    const line = marker.parts.length === 1 ? (marker.parts[0] as Buffer) : Buffer.concat(marker.parts);
    const payload = line.toString("utf8", 0, line.at(-1) === 0x0d ? line.length - 1 : line.length);
    open = undefined;
    if (marker.size > MAX_PAYLOAD) handler.oversized();
    else if (!handler.marker(marker.kind, payload)) return plain(Buffer.concat([Buffer.from(MARKERS[marker.kind]), line, lineBreak]));
    if (marker.behindText) plain(lineBreak);
    return undefined;
  }

  /** Adds to the open marker's payload; returns the place behind its line. */
  function extend(marker: OpenMarker, text: Buffer, from: number): number {
    const end = text.indexOf(BREAK, from);
    const part = text.subarray(from, end < 0 ? text.length : end);
    marker.size += part.length;
    if (marker.size <= MAX_PAYLOAD) marker.parts.push(end < 0 ? Buffer.from(part) : part);
    else if (marker.kind === "return") marker.parts.length = 0;
    else return giveBack(marker, from);
    if (end < 0) return text.length;
    close(marker, LINE_BREAK);
    return end + 1;
  }

  function giveBack(marker: OpenMarker, from: number): number {
    open = undefined;
    plain(Buffer.concat([Buffer.from(MARKERS[marker.kind]), ...marker.parts]));
    return from;
  }

  /** Takes the text up to and with the next marker; returns the place behind it. */
  function scan(text: Buffer, from: number): number {
    for (let at = text.indexOf(MARKER_STEM, from, "latin1"); at >= 0; at = text.indexOf(MARKER_STEM, at + 1, "latin1")) {
      const kind = markerAt(text, at);
      if (kind === undefined) continue;
      plain(text.subarray(from, at));
      open = { kind, parts: [], size: 0, behindText: !atLineStart };
      return at + MARKERS[kind].length;
    }
    const end = text.length - markerPrefix(text, from);
    if (end < text.length) held = Buffer.from(text.subarray(end));
    plain(from === 0 && end === text.length ? text : text.subarray(from, end));
    return text.length;
  }

  return {
    push(chunk) {
      const text = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      held = NOTHING;
      for (let at = 0; at < text.length;) at = open === undefined ? scan(text, at) : extend(open, text, at);
    },
    flush() {
      const rest = held;
      held = NOTHING;
      plain(rest);
      if (open !== undefined) close(open, NOTHING);
    },
  };
}

function markerAt(text: Buffer, at: number): MarkerKind | undefined {
  const conditions = text.toString("latin1", at, at + LONGEST);
  return KINDS.find((kind) => conditions.startsWith(MARKERS[kind]));
}

/** How many of the last bytes, from `from` on, may be the beginning of a marker. */
function markerPrefix(text: Buffer, from: number): number {
  for (let at = text.indexOf(UNDERSCORE, Math.max(from, text.length - LONGEST + 1)); at >= 0; at = text.indexOf(UNDERSCORE, at + 1)) {
    const tail = text.toString("latin1", at);
    if (KINDS.some((kind) => MARKERS[kind].startsWith(tail))) return tail.length;
  }
  return 0;
}

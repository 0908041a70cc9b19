// Text → ordinary text and marker lines (protocol, section 3), however the chunks fall.
import { MARKER_STEM, MARKERS } from "../contract/markers.ts";
import type { MarkerKind } from "../contract/markers.ts";

/** A longer payload of a log or a notification is ordinary output; of a return it is an error. In UTF-16 units. */
export const MAX_PAYLOAD = 16 * 1024 * 1024;

/** Where the reader's findings go. */
export interface MarkerHandler {
  /** Ordinary text, in order. */
  text(text: string): void;
  /** A marker's payload, the rest of its line; says whether it was taken. One that was not is ordinary text. */
  marker(kind: MarkerKind, payload: string): boolean;
  /** A return beyond `MAX_PAYLOAD`; its text is dropped. */
  oversized(): void;
}

/** A small machine that is fed text and calls its handler. */
export interface MarkerReader {
  push(text: string): void;
  /** The end of the output: a marker line without a line break counts. */
  flush(): void;
}

/** A marker whose line has not ended yet. */
interface OpenMarker {
  readonly kind: MarkerKind;
  readonly parts: string[];
  size: number;
  readonly behindText: boolean;
}

const KINDS = Object.keys(MARKERS) as MarkerKind[];
const LONGEST = Math.max(...Object.values(MARKERS).map((marker) => marker.length));

/** Makes a reader for one stream of output. */
export function createMarkerReader(handler: MarkerHandler): MarkerReader {
  let held = "";
  let open: OpenMarker | undefined;
  let atLineStart = true;

  function plain(text: string): void {
    if (text === "") return;
    atLineStart = text.endsWith("\n");
    handler.text(text);
  }

  function close(marker: OpenMarker, lineBreak: string): void {
    const line = marker.parts.join("");
    const payload = line.endsWith("\r") ? line.slice(0, -1) : line;
    open = undefined;
    if (marker.size > MAX_PAYLOAD) handler.oversized();
    else if (!handler.marker(marker.kind, payload)) return plain(MARKERS[marker.kind] + line + lineBreak);
    if (marker.behindText) plain(lineBreak);
    return undefined;
  }

  /** Adds to the open marker's payload; returns what of the text lies behind its line. */
  function extend(marker: OpenMarker, text: string): string {
    const end = text.indexOf("\n");
    const part = end < 0 ? text : text.slice(0, end);
    marker.size += part.length;
    if (marker.size <= MAX_PAYLOAD) marker.parts.push(part);
    else if (marker.kind === "return") marker.parts.length = 0;
    else return giveBack(marker, text);
    if (end < 0) return "";
    close(marker, "\n");
    return text.slice(end + 1);
  }

  function giveBack(marker: OpenMarker, text: string): string {
    open = undefined;
    plain(MARKERS[marker.kind] + marker.parts.join(""));
    return text;
  }

  /** Takes the text up to and with the next marker; returns what lies behind it, or nothing when there was none. */
  function scan(text: string): string {
    for (let at = text.indexOf(MARKER_STEM); at >= 0; at = text.indexOf(MARKER_STEM, at + 1)) {
      const kind = KINDS.find((candidate) => text.startsWith(MARKERS[candidate], at));
      if (kind === undefined) continue;
      plain(text.slice(0, at));
      open = { kind, parts: [], size: 0, behindText: !atLineStart };
      return text.slice(at + MARKERS[kind].length);
    }
    const keep = markerPrefix(text);
    plain(keep === 0 ? text : text.slice(0, -keep));
    held = keep === 0 ? "" : text.slice(-keep);
    return "";
  }

  return {
    push(chunk) {
      let text = chunk;
      if (held !== "") {
        text = held + chunk;
        held = "";
      }
      while (text !== "") text = open === undefined ? scan(text) : extend(open, text);
    },
    flush() {
      const rest = held;
      held = "";
      plain(rest);
      if (open !== undefined) close(open, "");
    },
  };
}

/** How many of the last characters may be the beginning of a marker. */
function markerPrefix(text: string): number {
  const first = Math.max(0, text.length - LONGEST + 1);
  for (let at = text.indexOf("_", first); at >= 0; at = text.indexOf("_", at + 1)) {
    const tail = text.slice(at);
    if (KINDS.some((kind) => MARKERS[kind].startsWith(tail))) return tail.length;
  }
  return 0;
}

// The bounded copy of an output for the result: its head and its tail.

/** Keeps the first and the last part of what is pushed. */
export interface Keeper {
  push(text: string): void;
  /** All of it, or head and tail with a line in between that says how many bytes are missing. */
  text(): string;
  /** How many bytes of UTF-8 `text()` leaves out. */
  readonly missingBytes: number;
}

/** Pieces of the tail are dropped once so much more than the tail's share has come that a whole piece can go. */
interface Piece {
  readonly text: string;
  readonly bytes: number;
}

/** Stands for a piece that has gone, so that its text can go too. */
const DROPPED: Piece = { text: "", bytes: 0 };

/** Makes a keeper for at most `maxBytes` of UTF-8, half of it for either part. */
export function createKeeper(maxBytes: number): Keeper {
  const headShare = Math.ceil(maxBytes / 2);
  let tailShare = maxBytes - headShare;
  const head: string[] = [];
  const tail: Piece[] = [];
  let headBytes = 0;
  let tailBytes = 0;
  let first = 0;
  let droppedBytes = 0;
  let headFull = false;

  function pushTail(text: string, bytes: number): void {
    tail.push({ text, bytes });
    tailBytes += bytes;
    for (let piece = tail[first]; piece !== undefined && tailBytes - piece.bytes >= tailShare; piece = tail[first]) {
      droppedBytes += piece.bytes;
      tailBytes -= piece.bytes;
      tail[first] = DROPPED;
      first += 1;
    }
    if (first > 1024 && first * 2 > tail.length) {
      tail.splice(0, first);
      first = 0;
    }
  }

  /** The tail's pieces, cut to its share when something is missing anyway or must be. */
  function cutTail(): { text: string; missing: number } {
    const whole = tail.slice(first).map((piece) => piece.text).join("");
    if (droppedBytes === 0 && tailBytes <= tailShare) return { text: whole, missing: 0 };
    const cut = lastBytes(whole, tailShare);
    return { text: cut, missing: droppedBytes + tailBytes - Buffer.byteLength(cut) };
  }

  return {
    push(text) {
      const bytes = Buffer.byteLength(text);
      if (headFull) return pushTail(text, bytes);
      if (headBytes + bytes <= headShare) {
        head.push(text);
        headBytes += bytes;
        return undefined;
      }
      headFull = true;
      const start = firstBytes(text, headShare - headBytes);
      const startBytes = Buffer.byteLength(start);
      head.push(start);
      headBytes += startBytes;
      tailShare = maxBytes - headBytes;
      return pushTail(text.slice(start.length), bytes - startBytes);
    },
    text() {
      const { text, missing } = cutTail();
      const start = head.join("");
      if (missing === 0) return start + text;
      return `${start}${start.endsWith("\n") ? "" : "\n"}[runner] ${missing} bytes are missing here\n${text}`;
    },
    get missingBytes() { return cutTail().missing; },
  };
}

/** The longest beginning of at most so many bytes, no character torn. */
function firstBytes(text: string, limit: number): string {
  let end = Math.min(text.length, limit);
  while (end > 0 && Buffer.byteLength(text.slice(0, end)) > limit) end -= Math.max(1, Math.ceil((Buffer.byteLength(text.slice(0, end)) - limit) / 3));
  return text.slice(0, splitsPair(text, end) ? end - 1 : end);
}

/** The longest end of at most so many bytes, no character torn. */
function lastBytes(text: string, limit: number): string {
  let start = Math.max(0, text.length - limit);
  while (start < text.length && Buffer.byteLength(text.slice(start)) > limit) start += Math.max(1, Math.ceil((Buffer.byteLength(text.slice(start)) - limit) / 3));
  return text.slice(splitsPair(text, start) ? start + 1 : start);
}

function splitsPair(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && before >= 0xd800 && before <= 0xdbff;
}

// The bounded copy of an output for the result: its head and its tail.
import { continuesCharacter } from "./utf8.ts";

/** Keeps the first and the last part of what is pushed. */
export interface HeadTailBuffer {
  /** Takes a copy of whole characters. */
  push(text: Buffer): void;
  /** All of it, or head and tail with a line in between that says how many bytes are missing. */
  text(): string;
  /** How many bytes `text()` leaves out. */
  readonly missingBytes: number;
}

/** Makes a keeper for at most `maxBytes`, half of them for either part. */
export function createHeadTailBuffer(maxBytes: number): HeadTailBuffer {
  const headShare = Math.ceil(maxBytes / 2);
  const head = createRing(headShare);
  let tail: Ring | undefined;

  /** What is left of the tail, without the end of a character whose beginning is gone. */
  function cutTail(): { readonly text: Buffer; readonly missing: number } {
    const kept = tail?.kept() ?? Buffer.alloc(0);
    const pushed = tail?.pushed ?? 0;
    const text = kept.length === pushed ? kept : kept.subarray(firstCharacter(kept));
    return { text, missing: pushed - text.length };
  }

  return {
    push(text) {
      if (tail !== undefined) return tail.push(text);
      const end = lastCharacterEnd(text, headShare - head.pushed);
      head.push(text.subarray(0, end));
      if (end === text.length) return undefined;
      tail = createRing(maxBytes - head.pushed);
      return tail.push(text.subarray(end));
    },
    text() {
      const start = head.kept().toString();
      const { text, missing } = cutTail();
      if (missing === 0) return start + text.toString();
      return `${start}${start.endsWith("\n") ? "" : "\n"}[runner] ${missing} bytes are missing here\n${text.toString()}`;
    },
    get missingBytes() { return cutTail().missing; },
  };
}

/** The last bytes that were pushed. */
interface Ring {
  push(bytes: Buffer): void;
  /** How many bytes were pushed so far. */
  readonly pushed: number;
  kept(): Buffer;
}

const SMALLEST_RING = 1024;

/** A ring of at most `most` bytes that takes no more memory than it needs. */
function createRing(most: number): Ring {
  let notify = Buffer.alloc(0);
  let pushed = 0;

  /** Before the ring has its full size, it is not closed: what was pushed lies from its beginning on. */
  function grow(wanted: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(most, Math.max(wanted, notify.length * 2, SMALLEST_RING)));
    notify.copy(larger, 0, 0, pushed);
    notify = larger;
  }

  return {
    push(bytes) {
      if (notify.length < most && pushed + bytes.length > notify.length) grow(pushed + bytes.length);
      const last = bytes.length > most ? bytes.subarray(bytes.length - most) : bytes;
      pushed += bytes.length;
      if (most === 0) return;
      const end = ((pushed - 1) % most) + 1;
      const start = end - last.length;
      last.copy(notify, Math.max(0, start), Math.max(0, -start));
      if (start < 0) last.copy(notify, most + start, 0, -start);
    },
    get pushed() { return pushed; },
    kept() {
      if (pushed <= most) return notify.subarray(0, pushed);
      const end = pushed % most;
      return Buffer.concat([notify.subarray(end), notify.subarray(0, end)]);
    },
  };
}

/** The first place at which a character begins. */
function firstCharacter(text: Buffer): number {
  let start = 0;
  while (continuesCharacter(text[start])) start += 1;
  return start;
}

/** The last place up to `most` at which a character has ended. */
function lastCharacterEnd(text: Buffer, most: number): number {
  let end = Math.min(most, text.length);
  while (continuesCharacter(text[end])) end -= 1;
  return end;
}

// The bounded copy of an output for the result: its head and its tail.
import { continuesCharacter } from "./utf8.ts";

const MIN_RING_BYTES = 1024;
const EMPTY = Buffer.alloc(0);

/** Keeps the first and the last bytes that are pushed, half of the limit each. */
export class HeadTailBuffer {
  readonly #maxBytes: number;
  readonly #headBytes: number;
  readonly #head: RingBuffer;
  #tail: RingBuffer | undefined;

  /** `maxBytes` is the limit for head and tail together. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#headBytes = Math.ceil(maxBytes / 2);
    this.#head = new RingBuffer(this.#headBytes);
  }

  /** Copies whole UTF-8 characters. */
  push(text: Buffer): void {
    if (this.#tail !== undefined) return this.#tail.push(text);
    const end = lastCharacterEnd(text, this.#headBytes - this.#head.pushed);
    this.#head.push(text.subarray(0, end));
    if (end === text.length) return;
    this.#tail = new RingBuffer(this.#maxBytes - this.#head.pushed);
    this.#tail.push(text.subarray(end));
  }

  /** The whole text, or head and tail with a line between them that says how many bytes are missing. */
  text(): string {
    const head = this.#head.contents().toString();
    const tail = this.#wholeCharactersOfTail();
    const missing = this.#missing(tail);
    if (missing === 0) return head + tail.toString();
    return `${head}${head.endsWith("\n") ? "" : "\n"}[runner] ${missing} bytes are missing here\n${tail.toString()}`;
  }

  /** How many bytes `text()` leaves out. */
  get missingBytes(): number {
    return this.#missing(this.#wholeCharactersOfTail());
  }

  #missing(tail: Buffer): number {
    return (this.#tail?.pushed ?? 0) - tail.length;
  }

  /** The tail without the end of a character whose beginning was overwritten. */
  #wholeCharactersOfTail(): Buffer {
    const contents = this.#tail?.contents() ?? EMPTY;
    return contents.length === this.#tail?.pushed ? contents : contents.subarray(firstCharacterStart(contents));
  }
}

/** A ring buffer of at most `capacity` bytes that allocates only what it needs. */
class RingBuffer {
  readonly #capacity: number;
  #bytes: Buffer = EMPTY;
  #pushed = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many bytes were pushed in total. */
  get pushed(): number {
    return this.#pushed;
  }

  push(bytes: Buffer): void {
    const capacity = this.#capacity;
    if (this.#bytes.length < capacity && this.#pushed + bytes.length > this.#bytes.length) this.#grow(this.#pushed + bytes.length);
    const last = bytes.length > capacity ? bytes.subarray(bytes.length - capacity) : bytes;
    this.#pushed += bytes.length;
    if (capacity === 0) return;
    const end = ((this.#pushed - 1) % capacity) + 1;
    const start = end - last.length;
    last.copy(this.#bytes, Math.max(0, start), Math.max(0, -start));
    if (start < 0) last.copy(this.#bytes, capacity + start, 0, -start);
  }

  /** The last bytes that were pushed, oldest first. */
  contents(): Buffer {
    if (this.#pushed <= this.#capacity) return this.#bytes.subarray(0, this.#pushed);
    const end = this.#pushed % this.#capacity;
    return Buffer.concat([this.#bytes.subarray(end), this.#bytes.subarray(0, end)]);
  }

  /** A ring below its capacity has not wrapped yet, so its contents start at 0. */
  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#capacity, Math.max(needed, this.#bytes.length * 2, MIN_RING_BYTES)));
    this.#bytes.copy(larger, 0, 0, this.#pushed);
    this.#bytes = larger;
  }
}

function firstCharacterStart(text: Buffer): number {
  let start = 0;
  while (continuesCharacter(text[start])) start += 1;
  return start;
}

/** The last offset up to `max` at which a character ends. */
function lastCharacterEnd(text: Buffer, max: number): number {
  let end = Math.min(max, text.length);
  while (continuesCharacter(text[end])) end -= 1;
  return end;
}

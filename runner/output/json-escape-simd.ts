// The bulk of JSON escaping, sixteen bytes at a time, with WebAssembly's SIMD instructions: four to nine times as fast as
// `JSON.stringify` of Node 20. The function is assembled here, instruction by instruction (WebAssembly core
// specification 2.0, chapter 5), because a tool chain would be a package (docs/decisions/simd-json-escaping.md).
import { MAX_FRAME_BYTES } from "../protocol/frames.ts";
import type { JsonEscape } from "./json-escape.ts";

/** The part of the WebAssembly interface that is used; the types of Node 20 leave it out. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

type Code = readonly (number | Code)[];

const I32 = 0x7f;
const V128 = 0x7b;

const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const i32 = (value: number): Code => [0x41, ...signed(value)];
const add: Code = [0x6a];
const double: Code = [i32(1), 0x74];
const isZero: Code = [0x45];
const isGreater: Code = [0x4b];
const trailingZeros: Code = [0x68];
const loadByte: Code = [0x2d, 0, 0];
const loadPair = (offset: number): Code => [0x2f, 0, unsigned(offset)];
const storePair = (offset: number): Code => [0x3b, 0, unsigned(offset)];
const storeWord: Code = [0x36, 0, 0];
const loadBlock: Code = [0xfd, 0x00, 0, 0];
const storeBlock: Code = [0xfd, 0x0b, 0, 0];
const sixteenOf = (byte: number): Code => [0xfd, 0x0c, new Array<number>(16).fill(byte)];
const areEqual: Code = [0xfd, 0x23];
const areBelow: Code = [0xfd, 0x26];
const either: Code = [0xfd, 0x50];
const bitOfEach: Code = [0xfd, 0x64];
const block = (...code: Code): Code => [0x02, 0x40, code, 0x0b];
const loop = (...code: Code): Code => [0x03, 0x40, code, 0x0b];
const when = (...code: Code): Code => [0x04, 0x40, code, 0x0b];
const goTo = (label: number): Code => [0x0c, label];
const goToIf = (label: number): Code => [0x0d, label];
const advance = (local: number, by: Code): Code => [get(local), by, add, set(local)];

/** A block of the text. */
const BLOCK = 16;
const MAX_ESCAPE = 6;

// The layout of the memory.
/** For every byte its escape of two bytes, or zeros. */
const PAIRS = 0;
/** For every byte the last two of an escape of six. */
const DIGITS = PAIRS + 2 * 256;
const TEXT = DIGITS + 2 * 256;
const TARGET = TEXT + MAX_FRAME_BYTES;
const PAGES = Math.ceil((TARGET + MAX_FRAME_BYTES) / 65_536);

// The parameters: the next byte and the end of the text, then of the target.
const [FROM, END, AT, LIMIT] = [0, 1, 2, 3];
// The locals: a bit for each byte that needs an escape, that byte's index in the tables, and the sixteen bytes.
const [SPECIAL, ENTRY, BYTES] = [4, 5, 6];

/** Copies each block before looking at it; if one of its bytes needs an escape, the escape overwrites the copy. */
const BODY: Code = [
  block(loop(
    get(FROM), i32(BLOCK), add, get(END), isGreater, goToIf(1),
    get(AT), i32(BLOCK + MAX_ESCAPE), add, get(LIMIT), isGreater, goToIf(1),

    get(FROM), loadBlock, set(BYTES),
    get(AT), get(BYTES), storeBlock,
    get(BYTES), sixteenOf(0x20), areBelow,
    get(BYTES), sixteenOf(0x22), areEqual, either,
    get(BYTES), sixteenOf(0x5c), areEqual, either,
    bitOfEach, set(SPECIAL),
    get(SPECIAL), isZero, when(advance(FROM, i32(BLOCK)), advance(AT, i32(BLOCK)), goTo(1)),

    advance(AT, [get(SPECIAL), trailingZeros]),
    advance(FROM, [get(SPECIAL), trailingZeros]),
    get(FROM), loadByte, double, set(ENTRY),
    advance(FROM, i32(1)),
    get(ENTRY), loadPair(PAIRS), when(get(AT), get(ENTRY), loadPair(PAIRS), storePair(0), advance(AT, i32(2)), goTo(1)),
    get(AT), i32(Buffer.from("\\u00").readInt32LE()), storeWord,
    get(AT), get(ENTRY), loadPair(DIGITS), storePair(4),
    advance(AT, i32(MAX_ESCAPE)), goTo(0),
  )),
  get(FROM), get(AT),
];

/**
 * Assembles an escape function from a table of the bytes' escapes. It leaves the last few bytes of text and target to its
 * caller. Returns undefined where there is no WebAssembly SIMD or no memory for it.
 */
export function assembleEscape(escapes: readonly (Buffer | undefined)[]): JsonEscape | undefined {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleOf(BODY)));
    const escape = exports["escape"] as (from: number, end: number, at: number, limit: number) => [number, number];
    const memory = Buffer.from((exports["memory"] as { readonly buffer: ArrayBuffer }).buffer);
    for (const [byte, bytes] of escapes.entries()) {
      if (bytes?.length === 2) bytes.copy(memory, PAIRS + 2 * byte);
      else bytes?.copy(memory, DIGITS + 2 * byte, 4);
    }
    return (text, from, target, at, limit) => {
      const end = TEXT + text.copy(memory, TEXT, from, Math.min(text.length, from + MAX_FRAME_BYTES));
      const [read, written] = escape(TEXT, end, TARGET, TARGET + Math.min(limit - at, MAX_FRAME_BYTES));
      memory.copy(target, at, TARGET, written);
      return { read: from + read - TEXT, written: at + written - TARGET };
    };
  } catch {
    return undefined;
  }
}

/** A module with one memory and one function, both exported. */
function moduleOf(body: Code): Uint8Array {
  const locals = list([[2, I32], [1, V128]]);
  const section = (id: number, ...entries: Code[]): Code => [id, sized(list(entries))];
  const name = (text: string): Code => sized([...Buffer.from(text)]);
  return Uint8Array.from(flat([
    ...Buffer.from("\0asm"), 1, 0, 0, 0,
    section(1, [0x60, list([[I32], [I32], [I32], [I32]]), list([[I32], [I32]])]),
    section(3, [0]),
    section(5, [0, PAGES]),
    section(7, [name("memory"), 2, 0], [name("escape"), 0, 0]),
    section(10, sized([locals, body, 0x0b])),
  ]));
}

function list(entries: readonly Code[]): Code {
  return [unsigned(entries.length), ...entries];
}

function sized(code: Code): Code {
  const bytes = flat(code);
  return [unsigned(bytes.length), bytes];
}

function flat(code: Code): number[] {
  return code.flatMap((part) => (typeof part === "number" ? part : flat(part)));
}

/** LEB128, seven bits a byte, the lowest first. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

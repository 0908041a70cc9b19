import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_FRAME_BYTES } from "../../runner/protocol/frames.ts";
import { assembleEscape } from "../../runner/output/json-escape-simd.ts";
import { createJsonEscape } from "../../runner/output/json-escape.ts";
import type { Escaped, JsonEscape } from "../../runner/output/json-escape.ts";
import { bytes } from "../support/bytes.ts";
import { seeded } from "../support/chance.ts";

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const ascii = Array.from({ length: 0x80 }, (_, byte) => String.fromCharCode(byte));
/** A byte that no text and no escape has. */
const UNTOUCHED = 0xff;

/** So much of a text, character by character, as there is room for. */
function expected(text: Buffer, from: number, workspace: number): { readonly read: number; readonly escaped: Buffer } {
  let read = from;
  let size = 0;
  let escaped = "";
  for (const character of text.toString("utf8", from)) {
    const escape = inJson(character);
    size += Buffer.byteLength(escape);
    if (size > workspace) break;
    read += Buffer.byteLength(character);
    escaped += escape;
  }
  return { read, escaped: bytes(escaped) };
}

/** A copy of the bytes in the midst of others, at an odd place. */
function amidst(content: Uint8Array, others: number): Buffer {
  const wider = Buffer.alloc(content.length + 64, others);
  wider.set(content, 3);
  return wider.subarray(3, 3 + content.length);
}

/** Escapes into a target of which nothing may change but what is said to be written. */
function escaping(escape: JsonEscape, text: Buffer, from: number, at: number, workspace: number): Escaped & { readonly escaped: Buffer } {
  const target = amidst(Buffer.alloc(at + workspace + 20, UNTOUCHED), UNTOUCHED);
  const { read, written } = escape(amidst(text, 0x22), from, target, at, at + workspace);
  assert.ok(written >= at && written <= at + workspace, `${written - at} bytes where ${workspace} have room`);
  const whole = Buffer.from(target.buffer, target.byteOffset - 3, target.length + 64);
  assert.ok(whole.subarray(0, 3 + at).every((byte) => byte === UNTOUCHED), "something before the place was written");
  assert.ok(whole.subarray(3 + at + workspace).every((byte) => byte === UNTOUCHED), "something behind the limit was written");
  return { read, written, escaped: target.subarray(at, written) };
}

/** Checks what is read and written of a text, from `from` on and where there is so much room. */
function check(escape: JsonEscape, text: Buffer, { from = 0, at = 0, workspace = 6 * text.length } = {}): void {
  const wanted = expected(text, from, workspace);
  const found = escaping(escape, text, from, at, workspace);
  const where = `${text.length} bytes from ${from} on, at ${at}, room for ${workspace}`;
  assert.equal(found.read, wanted.read, where);
  assert.ok(found.escaped.equals(wanted.escaped), `${where}: ${found.escaped.toString()} instead of ${wanted.escaped.toString()}`);
}

/** Calls `use` while there is another `WebAssembly`, or none. */
function withWebAssembly<T>(other: object | undefined, use: () => T): T {
  const usual = Object.getOwnPropertyDescriptor(globalThis, "WebAssembly") as PropertyDescriptor;
  if (other === undefined) Reflect.deleteProperty(globalThis, "WebAssembly");
  else Object.defineProperty(globalThis, "WebAssembly", { ...usual, value: other });
  try {
    return use();
  } finally {
    Object.defineProperty(globalThis, "WebAssembly", usual);
  }
}

/** An escape that has found, at its first long text, this instead of `WebAssembly`. */
function escapeBeside(other: object | undefined): JsonEscape {
  const escape = createJsonEscape();
  withWebAssembly(other, () => escape(Buffer.alloc(1000, "x"), 0, Buffer.alloc(1000), 0, 1000));
  return escape;
}

interface Assembler {
  readonly Module: object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
}
const own = (globalThis as unknown as { readonly WebAssembly: Assembler }).WebAssembly;
function refuse(): never {
  throw new RangeError("not here");
}

/** Machines that have to do without. */
const POOR: readonly (readonly [string, object | undefined])[] = [
  ["without WebAssembly", undefined],
  ["with a WebAssembly that knows no vectors", { Module: refuse, Instance: own.Instance }],
  ["without memory for it", { Module: own.Module, Instance: refuse }],
];
const WAYS: readonly (readonly [string, JsonEscape])[] = [
  ["on this machine", createJsonEscape()],
  ...POOR.map(([name, other]) => [`on one ${name}`, escapeBeside(other)] as const),
];

/** All that may stand in a block. */
const MIXED = `plain text, "quotes" and \\\\, \u0000\u0001\u001f\u007f\b\f\n\r\t, é€😀\u2028\ufffd\uffff `;

for (const [how, escape] of WAYS) describe(`createJsonEscape, ${how}:`, () => {
  it("escapes every byte below 0x80 as JSON.stringify does, at any offset in a block", () => {
    for (const character of ascii) {
      check(escape, bytes(character));
      check(escape, bytes(character.repeat(300)));
      for (let place = 0; place < 16; place += 1) check(escape, bytes(`${"x".repeat(256 + place)}${character}${"y".repeat(40)}`));
    }
  });

  const fillings: readonly [string, string][] = [
    ["letters", "x"], ["quotes", '"'], ["line breaks", "\n"], ["control characters", "\u0001"], ["escapes of both lengths", '"\u0001\n'], ["an escape in each block", `${"x".repeat(15)}\n`],
    ["an escape beside each block", `${"x".repeat(16)}\u0000`], ["two bytes a character", "é"], ["three bytes a character", "€"], ["four bytes a character", "😀"], ["all of it mixed", MIXED],
  ];
  for (const [name, filling] of fillings) it(`is the same for any length of ${name}`, () => {
    const characters = [...filling.repeat(600)];
    for (let length = 0; length <= 600; length += 1) check(escape, bytes(characters.slice(0, length).join("")));
  });

  it("keeps every character whole, at any offset in a block", () => {
    for (let before = 0; before < 32; before += 1) {
      for (const filling of ["é", "€", "😀", "é€😀", '😀"', "€\u0001"]) {
        const text = bytes(`${"x".repeat(before)}${filling.repeat(120)}`);
        for (const workspace of [text.length - 1, text.length, 300, 301, 302, 303, 304, 305, 306, 307]) check(escape, text, { workspace });
      }
    }
  });

  for (const [name, text] of [["plain", "x".repeat(300)], ["of escapes", '\u0001"'.repeat(150)], ["of wide characters", "😀€é".repeat(40)], ["mixed", MIXED.repeat(8)], ["short", MIXED]] as const)
    it(`writes as much as fits of a text that is ${name}, and no part of a character or an escape`, () => {
      for (let workspace = 0; workspace <= Buffer.byteLength(inJson(text)) + 40; workspace += 1) check(escape, bytes(text), { workspace, at: workspace % 5 });
    });

  it("starts at any offset of text and target", () => {
    const text = bytes(MIXED.repeat(10));
    for (let from = 0, at = 0; from <= text.length; from += 1, at = (at * 7 + 1) % 50) {
      if (((text[from] ?? 0) & 0xc0) !== 0x80) for (const workspace of [0, 5, 100, 290, 330, 2000]) check(escape, text, { from, at, workspace });
    }
  });

  it("yields the whole text when continued from where it stopped", () => {
    const text = MIXED.repeat(40);
    for (const workspace of [6, 7, 16, 22, 23, 50, 255, 256, 257, 1000]) {
      const pieces: Buffer[] = [];
      for (let from = 0; from < Buffer.byteLength(text);) {
        const { read, escaped } = escaping(escape, bytes(text), from, 2, workspace);
        assert.ok(read > from, `nothing taken with room for ${workspace}`);
        pieces.push(escaped);
        from = read;
      }
      assert.equal(Buffer.concat(pieces).toString(), inJson(text));
    }
  });

  it("is right for random texts, offsets and limits", () => {
    const random = seeded(21);
    const below = (most: number) => Math.floor(random() * most);
    const parts = [...ascii, "é", "€", "😀", "\u0080", "\u2028", "\ufeff", "x".repeat(15), "x".repeat(16), "x".repeat(33)];
    for (let round = 0; round < 1500; round += 1) {
      const usual = parts.slice(below(parts.length));
      const text = bytes(Array.from({ length: below(400) }, () => usual[below(usual.length)]).join(""));
      check(escape, text, { at: below(40), workspace: below(text.length * 3 + 10) });
    }
  });

  it("is right for a text longer than a frame", () => {
    for (const text of ["x".repeat(200_000), "é€😀\n".repeat(20_000)]) for (const workspace of [MAX_FRAME_BYTES - 25, MAX_FRAME_BYTES, 120_000]) check(escape, bytes(text), { workspace });
  });
});

describe("assembleEscape", () => {
  /** For every byte that can't stand for itself its escape. */
  const table = Array.from({ length: 256 }, (_, byte) => {
    const escape = byte < 0x80 ? inJson(String.fromCharCode(byte)) : "";
    return escape.length > 1 ? bytes(escape) : undefined;
  });
  const byteWise = (text: Buffer): Buffer => Buffer.concat([...text].map((byte) => table[byte] ?? Buffer.of(byte)));

  it("works on this machine", () => assert.notEqual(assembleEscape(table), undefined));

  for (const [name, other] of POOR) it(`can't be had on a machine ${name}`, () => assert.equal(withWebAssembly(other, () => assembleEscape(table)), undefined));

  it("escapes all but the last few bytes as the scalar code does", () => {
    const escape = assembleEscape(table) as JsonEscape;
    const random = seeded(22);
    const parts = [...ascii, ..."é€😀", "x".repeat(16), "x".repeat(40)];
    for (let round = 0; round < 1000; round += 1) {
      const text = bytes(Array.from({ length: Math.floor(random() * 300) }, () => parts[Math.floor(random() * parts.length)]).join(""));
      const [from, at] = [Math.floor(random() * text.length), Math.floor(random() * 20)];
      const workspace = Math.floor(random() * text.length * 3);
      const { read, written, escaped } = escaping(escape, text, from, at, workspace);
      assert.ok(escaped.equals(byteWise(text.subarray(from, read))));
      assert.ok(text.length - read < 16 || at + workspace - written < 22, `${text.length - read} bytes left, and ${at + workspace - written} in the target`);
    }
  });

  it("is assembled once, at the first long text, and escapes long texts", () => {
    const calls: number[] = [];
    let made = 0;
    class Counting {
      readonly exports: Readonly<Record<string, unknown>>;
      constructor(module: object) {
        made += 1;
        const { exports } = new own.Instance(module);
        const inner = exports["escape"] as (from: number, end: number, at: number, limit: number) => [number, number];
        this.exports = { memory: exports["memory"], escape: (...[from, end, at, limit]: Parameters<typeof inner>) => (calls.push(end - from), inner(from, end, at, limit)) };
      }
    }
    withWebAssembly({ Module: own.Module, Instance: Counting }, () => {
      const escape = createJsonEscape();
      check(escape, bytes("x".repeat(100)));
      assert.equal(made, 0);
      for (const length of [1000, 2000, 100]) check(escape, bytes(MIXED.repeat(100).slice(0, length)));
    });
    assert.equal(made, 1);
    assert.equal(calls.length, 2);
  });
});

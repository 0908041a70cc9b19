import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { describe, it } from "node:test";
import { createDecoder } from "../../runner/output/decoder.ts";
import { lend } from "../support/bytes.ts";
import { cuttings, seeded } from "../support/chance.ts";

/** The text of what a decoder hands out: whole characters. */
function whole(characters: Buffer): string {
  assert.ok(isUtf8(characters), characters.toString("hex"));
  return characters.toString();
}

function decoded(chunks: readonly Uint8Array[]): string {
  const decoder = createDecoder();
  return chunks.map((chunk) => lend(chunk, (lent) => whole(decoder.push(lent)))).join("") + whole(decoder.flush());
}

const wide = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]);

describe("createDecoder", () => {
  const cases: readonly [string, Buffer, string][] = [
    ["ASCII", Buffer.from("hello\r\n"), "hello\r\n"],
    ["two, three and four bytes a character", Buffer.from("é€😀ß\n"), "é€😀ß\n"],
    ["a byte that is no UTF-8", Buffer.from([0x61, 0xff, 0x62]), "a\ufffdb"],
    ["a byte that begins nothing first", Buffer.from([0xff, 0x61]), "\ufffda"],
    ["a lone first byte of a byte order mark", Buffer.from([0xff]), "\ufffd"],
    ["a character cut off at the end", Buffer.from([0x61, 0xe2, 0x82]), "a\ufffd"],
    ["an encoded surrogate half", Buffer.from([0xed, 0xa0, 0x80]), "\ufffd\ufffd\ufffd"],
    ["NUL and control characters", Buffer.from("\u0000\u001b[31m\u0007"), "\u0000\u001b[31m\u0007"],
    ["a UTF-8 byte order mark in the middle", Buffer.from("a\ufeffb"), "a\ufeffb"],
    ["UTF-16 with a byte order mark", wide("hé€😀\r\n"), "hé€😀\r\n"],
    ["nothing but a UTF-16 byte order mark", wide(""), ""],
    ["UTF-16 of an even length only", Buffer.concat([wide("a"), Buffer.from("b\u0000", "latin1")]), "ab"],
    ["nothing", Buffer.alloc(0), ""],
  ];
  for (const [name, bytes, text] of cases) it(`reads ${name}, however the bytes are cut`, () => {
    for (const chunks of cuttings<Uint8Array>(bytes)) assert.equal(decoded(chunks), text, JSON.stringify(chunks.map((chunk) => chunk.length)));
  });

  it("never returns a part of a character", () => {
    for (const bytes of [Buffer.from("😀".repeat(50)), Buffer.from("é€😀".repeat(30)), wide("😀".repeat(50))]) {
      for (const chunks of cuttings<Uint8Array>(bytes)) {
        const decoder = createDecoder();
        for (const chunk of chunks) assert.doesNotMatch(lend(chunk, (lent) => whole(decoder.push(lent))), /\ufffd|\p{Cs}/u);
        assert.equal(decoder.flush().length, 0);
      }
    }
  });

  it("returns at once what no later byte can change", () => {
    const decoder = createDecoder();
    const pieces = [[0x61], [0xe2, 0x82], [0xac, 0xf0], [0x9f, 0x98, 0x80, 0x62], [0x80], [0xc3], [0x63], [0x64, 0xff], [0xf5]];
    assert.deepEqual(pieces.map((piece) => lend(Uint8Array.from(piece), (lent) => whole(decoder.push(lent)))), ["a", "", "€", "😀b", "\ufffd", "", "\ufffdc", "d\ufffd", "\ufffd"]);
  });

  it("copies no chunk of whole characters after the first", () => {
    const decoder = createDecoder();
    decoder.push(Buffer.from("a"));
    const chunk = Buffer.from("é€😀\n");
    assert.equal(decoder.push(chunk), chunk);
  });

  it("reads random bytes the same whole, byte by byte and cut at random", () => {
    const random = seeded(3);
    const odd = [0x61, 0x0a, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xc3, 0xed, 0xa0, 0xf4, 0x90, 0xc0, 0xff, 0xfe];
    for (let round = 0; round < 400; round++) {
      const bytes = Uint8Array.from([0x61, ...Array.from({ length: Math.floor(random() * 40) }, () => odd[Math.floor(random() * odd.length)] ?? 0)]);
      const text = Buffer.from(bytes).toString("utf8");
      for (const chunks of cuttings<Uint8Array>(bytes, round)) assert.equal(decoded(chunks), text);
    }
  });

  it("is not misled by an empty first chunk", () => assert.equal(decoded([Buffer.alloc(0), wide("ab")]), "ab"));

  it("flushes nothing if nothing was pushed", () => assert.equal(createDecoder().flush().length, 0));
});

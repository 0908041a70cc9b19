import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { describe, it } from "node:test";
import { MAX_FRAME_BYTES } from "../../runner/protocol/frames.ts";
import { createFramer } from "../../runner/output/framer.ts";
import { bytes } from "../support/bytes.ts";
import { seeded } from "../support/chance.ts";

const frames = createFramer();
const frame = (line: string): string => `{"type":"log","line":${JSON.stringify(line)}}\n`;
const fitting = MAX_FRAME_BYTES - frame("").length;

/** Reads frames as the host does: UTF-8 bytes, each a line of JSON. */
function hostReads(frame: Buffer): string {
  assert.ok(isUtf8(frame), "half a character");
  assert.equal(frame.indexOf("\n"), frame.length - 1);
  const { type, line } = JSON.parse(frame.toString()) as { type: string; line: string };
  assert.equal(type, "log");
  return line;
}

/** Checks all that holds for the frames of any text. */
function check(text: string): void {
  const made = frames(bytes(text));
  const lines = made.map(hostReads);
  assert.ok(lines.join("") === text, "another text");
  for (const [index, line] of lines.entries()) {
    const { length } = made[index] as Buffer;
    assert.ok(length <= MAX_FRAME_BYTES, `${length} bytes`);
    assert.equal(length, Buffer.byteLength(frame(line)), "what can stand for itself is escaped");
    assert.notEqual(line, "");
    const [next] = lines[index + 1] ?? "";
    if (next !== undefined) assert.ok(Buffer.byteLength(frame(line + next)) > MAX_FRAME_BYTES, `${length} bytes, and more would have fitted`);
  }
}

describe("createFramer: log frames", () => {
  const texts: readonly [string, string][] = [
    ["a short line", "hello\n"],
    ["line breaks of every kind", "a\r\nb\n\nc\rd\u2028e\u2029"],
    ["a marker line, verbatim", '__SCRIPTLOG__{"message":"x"}\n'],
    ["1 MiB of one letter", "x".repeat(1024 * 1024)],
    ["quotes and backslashes, which double", '"\\'.repeat(100_000)],
    ["control characters, which take six bytes each", "\u0001\u001b\u0000".repeat(50_000)],
    ["control characters, and few of them", "\u0001\u001b\u0000".repeat(50)],
    ["three bytes a character", "€".repeat(200_000)],
    ["surrogate pairs", "😀".repeat(100_000)],
    ["surrogate pairs that begin at odd places", `a${"😀".repeat(100_000)}`],
    ["pairs and escapes mixed", `${'"😀\u0001é'.repeat(40_000)}x`],
    ["plain text that becomes all escapes in the end", `${"x".repeat(40_000)}${"\u0001".repeat(20_000)}`],
    ["exactly as much as fits", "x".repeat(fitting)],
    ["one byte more than fits", "x".repeat(fitting + 1)],
    ["exactly as many escapes as fit", "\n".repeat(fitting / 2)],
    ["a wide character where the frame ends", `${"x".repeat(fitting - 1)}😀`],
    ["an escape where the frame ends", `${"x".repeat(fitting - 1)}\u0001`],
  ];
  for (const [name, text] of texts) it(`carry ${name}, each at most 64 KiB of bytes and none with half a character`, () => check(text));

  it("are as few as the size needs", () => {
    assert.equal(frames(bytes("x".repeat(60_000))).length, 1);
    assert.equal(frames(bytes("€".repeat(21_000))).length, 1);
    assert.equal(frames(bytes("x".repeat(fitting))).length, 1);
    assert.equal(frames(bytes("x".repeat(fitting + 1))).length, 2);
    assert.equal(frames(bytes("x".repeat(1024 * 1024))).length, 17);
  });

  it("carry random texts of odd characters without loss", () => {
    const random = seeded(11);
    const odd = ["a", '"', "\\", "\n", "\u0000", "\u007f", "é", "€", "😀", "\u2028", "\ufeff", "\ufffd", "\uffff", "xxxxxxxxxxxxxxxx".repeat(64)];
    for (let round = 0; round < 60; round++) check(Array.from({ length: Math.floor(random() * 3000) }, () => odd[Math.floor(random() * odd.length)]).join(""));
  });

  it("share no memory with the text, nor with each other", () => {
    const carried = texts.map(([, text]) => {
      const lent = bytes(text);
      const made = frames(lent);
      lent.fill(0xff);
      return { text, made };
    });
    for (const { text, made } of carried) assert.ok(made.map(hostReads).join("") === text);
  });

  it("are none for an empty text", () => assert.deepEqual(frames(Buffer.alloc(0)), []));
});

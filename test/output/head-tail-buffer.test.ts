import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { HeadTailBuffer } from "../../runner/output/head-tail-buffer.ts";
import { lend } from "../support/bytes.ts";
import { characterCuttings, seeded } from "../support/chance.ts";
import { until } from "../support/until.ts";

const GAP = /(?:^|\n)\[runner\] (\d+) bytes are missing here\n/;

/** What the buffer keeps of a text: the parts before and after the gap, and how many bytes it says are missing. */
function keep(chunks: readonly string[], maxBytes: number) {
  const buffer = new HeadTailBuffer(maxBytes);
  for (const chunk of chunks) lend(chunk, (bytes) => buffer.push(bytes));
  const text = buffer.text();
  const gap = GAP.exec(text);
  return { buffer, text, missing: buffer.missingBytes, head: gap === null ? text : text.slice(0, gap.index), tail: gap === null ? "" : text.slice(gap.index + gap[0].length), said: gap === null ? 0 : Number(gap[1]) };
}

describe("HeadTailBuffer", () => {
  for (const [text, maxBytes] of [["", 10], ["abc", 10], ["0123456789", 10], ["é€😀", 100], ["a\n".repeat(500), 1000]] as const)
    it(`keeps all of ${text.length} characters in ${maxBytes} bytes`, () => {
      for (const chunks of characterCuttings(text)) {
        const { buffer } = keep(chunks, maxBytes);
        assert.equal(buffer.text(), text);
        assert.equal(buffer.missingBytes, 0);
      }
    });

  const cut: readonly [string, string, number, string][] = [
    ["an even limit", "0123456789", 4, "01\n[runner] 6 bytes are missing here\n89"],
    ["an odd limit", "0123456789", 5, "012\n[runner] 5 bytes are missing here\n89"],
    ["one byte", "0123456789", 1, "0\n[runner] 9 bytes are missing here\n"],
    ["one byte too many", "0123456789", 9, "01234\n[runner] 1 bytes are missing here\n6789"],
    ["a head that ends its line", "ab\ncdefgh", 6, "ab\n[runner] 3 bytes are missing here\nfgh"],
    ["characters that do not fit the halves", "€€€€", 8, "€\n[runner] 6 bytes are missing here\n€"],
    ["surrogate pairs that do not fit the halves", "😀😀😀😀", 10, "😀\n[runner] 8 bytes are missing here\n😀"],
    ["less than one character", "😀😀", 2, "\n[runner] 8 bytes are missing here\n"],
    ["a limit of 0", "abc", 0, "\n[runner] 3 bytes are missing here\n"],
  ];
  for (const [name, text, maxBytes, wanted] of cut) it(`keeps head and tail for ${name}, however the text is cut`, () => {
    for (const chunks of characterCuttings(text)) assert.equal(keep(chunks, maxBytes).text, wanted, JSON.stringify(chunks));
  });

  it("counts the missing bytes exactly, for random texts, limits and pieces", () => {
    const random = seeded(9);
    const characters = ["a", "b", "é", "€", "😀", "x", "0"];
    for (let round = 0; round < 500; round++) {
      const pieces = Array.from({ length: 1 + Math.floor(random() * 40) }, () =>
        Array.from({ length: Math.floor(random() * 30) }, () => characters[Math.floor(random() * characters.length)]).join(""));
      const whole = pieces.join("");
      const maxBytes = Math.floor(random() * 300);
      const { head, tail, said, missing } = keep(pieces, maxBytes);
      const kept = Buffer.byteLength(head) + Buffer.byteLength(tail);
      assert.equal(said, missing);
      assert.equal(kept + missing, Buffer.byteLength(whole));
      assert.ok(kept <= maxBytes || missing === 0, `${kept} of ${maxBytes}`);
      assert.ok(missing === 0 || kept >= maxBytes - 6, `only ${kept} of ${maxBytes} used`);
      assert.ok(whole.startsWith(head) && whole.endsWith(tail));
      assert.doesNotMatch(head + tail, /\p{Cs}/u);
    }
  });

  it("leaves nothing out of a text that fits, wherever its characters are cut", () => {
    const random = seeded(10);
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: 1 + Math.floor(random() * 20) }, () => ["a", "é", "€", "😀"][Math.floor(random() * 4)]).join("");
      assert.equal(keep([text], Buffer.byteLength(text)).missing, 0, text);
      assert.equal(keep([...text], Buffer.byteLength(text)).missing, 0, text);
    }
  });

  it("can be read and then pushed to again", () => {
    const buffer = new HeadTailBuffer(4);
    lend("abc", (bytes) => buffer.push(bytes));
    assert.equal(buffer.text(), "abc");
    lend("defg", (bytes) => buffer.push(bytes));
    assert.equal(buffer.text(), "ab\n[runner] 3 bytes are missing here\nfg");
    lend("h", (bytes) => buffer.push(bytes));
    assert.equal(buffer.text(), "ab\n[runner] 4 bytes are missing here\ngh");
  });

  it("counts the missing bytes over many small and few huge chunks", () => {
    for (const [piece, count] of [["x", 300_000], ["y".repeat(1000), 5000], ["z".repeat(5_000_000), 3]] as const) {
      const { head, tail, missing } = keep(Array.from({ length: count }, () => piece), 1000);
      assert.equal(head.length, 500);
      assert.equal(tail.length, 500);
      assert.equal(missing, piece.length * count - 1000);
    }
  });

  it("holds no more memory than its limit", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const taken = () => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const buffer = new HeadTailBuffer(64 * 1024);
    const before = taken();
    for (let i = 0; i < 600; i++) buffer.push(Buffer.alloc(64 * 1024, 97 + (i % 20)));
    await until(() => taken() - before < 1024 * 1024, "the chunks to be collected");
    assert.equal(buffer.missingBytes, 599 * 64 * 1024);
  });
});

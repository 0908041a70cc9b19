import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { describe, it } from "node:test";
import type { MarkerKind } from "../../runner/protocol/markers.ts";
import { MarkerReader, MAX_PAYLOAD } from "../../runner/output/marker-reader.ts";
import { bytes, lend } from "../support/bytes.ts";
import { characterCuttings, seeded } from "../support/chance.ts";

interface Read {
  readonly text: string;
  readonly markers: readonly (readonly [MarkerKind, string])[];
  readonly oversized: number;
}

/** Takes every marker whose payload is not `no`. */
function read(chunks: readonly string[]): Read {
  const markers: [MarkerKind, string][] = [];
  let text = "";
  let oversized = 0;
  const reader = new MarkerReader({
    text({ text: more }) {
      assert.ok(isUtf8(more), more.toString("hex"));
      text += more.toString();
    },
    marker(kind, payload) {
      if (payload === "no") return false;
      markers.push([kind, payload]);
      return true;
    },
    oversized: () => { oversized += 1; },
  });
  for (const chunk of chunks) lend(chunk, (bytes) => reader.push(bytes));
  reader.flush();
  return { text, markers, oversized };
}

const R = "__SCRIPTRETURN__";
const L = "__SCRIPTLOG__";
const N = "__SCRIPTNOTIFY__";

describe("MarkerReader", () => {
  const cases: readonly [string, string, string, readonly (readonly [MarkerKind, string])[]][] = [
    ["plain text", "a\nb\n", "a\nb\n", []],
    ["nothing", "", "", []],
    ["a marker line alone", `${L}{}\n`, "", [["log", "{}"]]],
    ["each kind", `${R}1\n${L}2\n${N}3\n`, "", [["return", "1"], ["log", "2"], ["notify", "3"]]],
    ["marker lines between others", `a\n${L}{}\nb\n`, "a\nb\n", [["log", "{}"]]],
    ["a marker line without a line break at the end", `a\n${R}{"x":1}`, "a\n", [["return", '{"x":1}']]],
    ["a marker after text on its line", `done: ${R}1\nb\n`, "done: \nb\n", [["return", "1"]]],
    ["a marker after text without a line break", `done: ${R}1`, "done: ", [["return", "1"]]],
    ["a marker after a carriage return alone", `50%\r${L}1\n`, "50%\r\n", [["log", "1"]]],
    ["CRLF, of which the \\r is dropped", `${R}1\r\nb\r\n`, "b\r\n", [["return", "1"]]],
    ["CRLF after text", `a${R}1\r\nb`, "a\nb", [["return", "1"]]],
    ["several \\r, of which one is dropped", `${R}1\r\r\n`, "", [["return", "1\r"]]],
    ["an empty payload", `${R}\n${L}\n`, "", [["return", ""], ["log", ""]]],
    ["an empty payload at the end", `a\n${R}`, "a\n", [["return", ""]]],
    ["a marker inside a payload, which is payload", `${L}{"m":"${R}1"}\n`, "", [["log", `{"m":"${R}1"}`]]],
    ["two markers on a line, of which the first counts", `x${L}a${R}b\n`, "x\n", [["log", `a${R}b`]]],
    ["a marker that is not accepted", `a\n${L}no\nb\n`, `a\n${L}no\nb\n`, []],
    ["a marker that is not accepted, with CRLF", `${N}no\r\nb`, `${N}no\r\nb`, []],
    ["a marker that is not accepted, after text", `a ${L}no\nb`, `a ${L}no\nb`, []],
    ["a marker that is not accepted, at the end", `a ${L}no`, `a ${L}no`, []],
    ["text after one that is not accepted", `${L}no\n${L}1\nx${L}2\n`, `${L}no\nx\n`, [["log", "1"], ["log", "2"]]],
    ["beginnings of markers", `_ __ __S __SCRIPT __SCRIPTLOG __SCRIPTLOG_ ${R.slice(0, -1)}\n`, `_ __ __S __SCRIPT __SCRIPTLOG __SCRIPTLOG_ ${R.slice(0, -1)}\n`, []],
    ["a beginning of a marker at the end", `a${R.slice(0, -1)}`, `a${R.slice(0, -1)}`, []],
    ["many underscores before a marker", `_____${L}1\n`, "_____\n", [["log", "1"]]],
    ["a beginning before the whole", `__SCRIPT${L}1\n__SCRIPTRET${R}2\n`, "__SCRIPT\n__SCRIPTRET\n", [["log", "1"], ["return", "2"]]],
    ["another stem", `__SCRIPTFOO__1\n__script${L.slice(8)}1\n`, `__SCRIPTFOO__1\n__script${L.slice(8)}1\n`, []],
    ["empty lines around", `\n\n${L}1\n\n${L}2\n\n`, "\n\n\n\n", [["log", "1"], ["log", "2"]]],
    ["characters beyond ASCII", `é😀${L}"€😀"\n😀`, "é😀\n😀", [["log", '"€😀"']]],
  ];
  for (const [name, input, text, markers] of cases) it(`reads ${name}, however the text is cut`, () => {
    for (const chunks of characterCuttings(input)) assert.deepEqual(read(chunks), { text, markers, oversized: 0 }, JSON.stringify(chunks));
  });

  it("reads random mixtures the same whole, character by character and cut at random", () => {
    const random = seeded(5);
    const parts = [R, L, N, "__SCRIPT", "_", "__", "\n", "\r\n", "\r", "text", '{"a":1}', "no", "😀", "SCRIPTLOG__"];
    for (let round = 0; round < 500; round++) {
      const input = Array.from({ length: Math.floor(random() * 30) }, () => parts[Math.floor(random() * parts.length)]).join("");
      const whole = read([input]);
      for (const chunks of characterCuttings(input, round)) assert.deepEqual(read(chunks), whole, JSON.stringify(chunks));
    }
  });

  it("hands text out at once unless a marker may have begun", () => {
    const seen: string[] = [];
    const reader = new MarkerReader({ text: ({ text }) => void seen.push(text.toString()), marker: () => true, oversized: () => {} });
    for (const chunk of ["no line break", " _", "_SCRIPTX", "__SCRIPTLOG_"]) lend(chunk, (bytes) => reader.push(bytes));
    assert.deepEqual(seen, ["no line break", " ", "__SCRIPTX"]);
    reader.flush();
    assert.equal(seen.join(""), "no line break __SCRIPTX__SCRIPTLOG_");
  });

  it("says that a segment is the whole chunk exactly where nothing was cut from it", () => {
    const seen: Buffer[] = [];
    const reader = new MarkerReader({ text: ({ text, isWholeChunk }) => { if (isWholeChunk) seen.push(text); }, marker: () => true, oversized: () => {} });
    const chunks = ["no line break", "__SCRIPTX _\n", `a${L}1\n`, "after a marker", "__", "after a beginning", "again"].map(bytes);
    for (const chunk of chunks) reader.push(chunk);
    assert.deepEqual(chunks.map((chunk) => seen.includes(chunk)), [true, true, false, true, false, false, true]);
  });

  const big = "x".repeat(MAX_PAYLOAD);
  const chunked = (text: string) => Array.from({ length: Math.ceil(text.length / 65_536) }, (_, i) => text.slice(i * 65_536, (i + 1) * 65_536));
  const sizes: readonly [string, string, Read][] = [
    ["takes a payload of the largest size", `${R}${big}\nb`, { text: "b", markers: [["return", big]], oversized: 0 }],
    ["drops a return beyond it and says so", `a\n${R}${big}x\nb`, { text: "a\nb", markers: [], oversized: 1 }],
    ["drops a return beyond it at the end of the output", `${R}${big}xx`, { text: "", markers: [], oversized: 1 }],
    ["leaves a log beyond it in the text", `${L}${big}x\n${L}1\nb`, { text: `${L}${big}x\nb`, markers: [["log", "1"]], oversized: 0 }],
  ];
  for (const [name, input, wanted] of sizes) it(name, () => {
    for (const chunks of [[input], chunked(input)]) {
      const found = read(chunks);
      assert.equal(found.oversized, wanted.oversized);
      assert.deepEqual(found.markers.map(([kind, payload]) => [kind, payload.length]), wanted.markers.map(([kind, payload]) => [kind, payload.length]));
      assert.ok(found.text === wanted.text, `${found.text.length} characters of text, wanted ${wanted.text.length}`);
    }
  });

  it("needs time in proportion to the text, also for a line that comes in small pieces", () => {
    const began = performance.now();
    read([L, ...Array.from({ length: 200_000 }, () => "abcdefgh")]);
    read(Array.from({ length: 200_000 }, () => "__SCRIPT"));
    read(["_".repeat(2_000_000)]);
    assert.ok(performance.now() - began < 10_000);
  });
});

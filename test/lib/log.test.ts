import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog } from "../../runner/lib/log.ts";
import type { Fields } from "../../runner/lib/log.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;
const now = () => new Date("2024-05-06T07:08:09.123Z");

function lineOf(format: "text" | "json", message: string, fields?: Fields): string {
  const lines: string[] = [];
  createLog({ level: "debug", format, write: (line) => void lines.push(line), now }).info(message, fields);
  assert.equal(lines.length, 1);
  return lines[0] ?? "";
}

describe("the log", () => {
  for (const [index, level] of LEVELS.entries()) it(`of level ${level} writes what is as severe or more`, () => {
    const lines: string[] = [];
    const log = createLog({ level, format: "json", write: (line) => void lines.push(line) });
    for (const each of LEVELS) log[each](each);
    assert.deepEqual(lines.map((line) => (JSON.parse(line) as { message: string }).message), LEVELS.slice(index));
  });

  it("writes one JSON object a line", () => {
    const line = lineOf("json", "It\nhappened", { host: "http://h", count: 2, nothing: undefined, none: null, list: [1], "odd name": "ä\u001b" });
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.deepEqual(JSON.parse(line), { time: "2024-05-06T07:08:09.123Z", level: "info", message: "It\nhappened", host: "http://h", count: 2, none: null, list: [1], "odd name": "ä\u001b" });
  });

  it("keeps its own fields whatever else is called so", () => {
    assert.deepEqual(JSON.parse(lineOf("json", "real", { level: "fake", message: "fake", time: "fake" })), { time: "2024-05-06T07:08:09.123Z", level: "info", message: "real" });
  });

  const texts: readonly [string, string, Fields | undefined, string][] = [
    ["a message", "Listening", undefined, "Listening"],
    ["plain facts", "Listening", { port: 3030, bind: "all", url: "http://h:1/x" }, "Listening port=3030 bind=all url=http://h:1/x"],
    ["facts that need quotes", "x", { a: "two words", b: "", c: 'say "hi"', d: "a=b" }, 'x a="two words" b="" c="say \\"hi\\"" d="a=b"'],
    ["facts that are no text", "x", { a: null, b: [1, "c"], c: { d: true }, e: undefined }, 'x a=null b=[1,"c"] c={"d":true}'],
    ["line breaks in a message", "a\nb\r\nc", undefined, "a\\nb\\u000d\\nc"],
    ["a forged line", "x\n2024-05-06T07:08:09.123Z info  forged", undefined, "x\\n2024-05-06T07:08:09.123Z info  forged"],
    ["terminal control", "\u001b[31mred\u009b2J\u0007\u007f", undefined, "\\u001b[31mred\\u009b2J\\u0007\\u007f"],
    ["control characters in a fact", "x", { a: "\u001b]0;title\u0007", b: "c\nd", c: "\u0085\u2028" }, 'x a="\\u001b]0;title\\u0007" b="c\\nd" c="\\u0085\\u2028"'],
    ["characters beyond ASCII", "Über €😀", { name: "Jörg" }, 'Über €😀 name="Jörg"'],
  ];
  for (const [name, message, fields, text] of texts) it(`writes ${name} as text on one line`, () => assert.equal(lineOf("text", message, fields), `2024-05-06T07:08:09.123Z info  ${text}\n`));

  it("aligns the levels", () => {
    const lines: string[] = [];
    const log = createLog({ level: "debug", format: "text", write: (line) => void lines.push(line), now });
    for (const level of LEVELS) log[level]("x");
    assert.ok(lines.every((line) => line.endsWith(" x\n") && line.indexOf(" x\n") === 30));
  });
});

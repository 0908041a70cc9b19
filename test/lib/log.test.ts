import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../runner/lib/log.ts";
import type { Fields } from "../../runner/lib/log.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;
const TIME = "2024-05-06T07:08:09.123Z";
const now = () => new Date(TIME);

function lineOf(format: "text" | "json", message: string, fields?: Fields): string {
  const lines: string[] = [];
  createLog({ level: "debug", format, write: (line) => void lines.push(line), now }).info(message, fields);
  assert.equal(lines.length, 1);
  return lines[0] ?? "";
}

for (const [index, level] of LEVELS.entries()) {
  test(`createLog: level ${level} writes what is as severe or more`, () => {
    const lines: string[] = [];
    const log = createLog({ level, format: "json", write: (line) => void lines.push(line) });
    for (const each of LEVELS) log[each](each);
    assert.deepEqual(lines.map((line) => (JSON.parse(line) as { message: string }).message), LEVELS.slice(index));
  });
}

test("createLog: json is one object per line, without undefined fields", () => {
  const fields = { host: "http://h", count: 2, none: null, list: [1], "odd name": "ä\u001b" };
  const line = lineOf("json", "It\nhappened", { ...fields, nothing: undefined });
  assert.equal(line.indexOf("\n"), line.length - 1);
  assert.deepEqual(JSON.parse(line), { time: TIME, level: "info", message: "It\nhappened", ...fields });
});

test("createLog: no field replaces time, level or message", () => {
  const line = lineOf("json", "real", { level: "fake", message: "fake", time: "fake" });
  assert.deepEqual(JSON.parse(line), { time: TIME, level: "info", message: "real" });
});

const TEXTS: readonly (readonly [what: string, message: string, fields: Fields | undefined, text: string])[] = [
  ["a message alone", "Listening", undefined, "Listening"],
  ["plain fields", "Listening", { port: 3030, bind: "all", url: "http://h:1/x" }, "Listening port=3030 bind=all url=http://h:1/x"],
  [
    "fields that need quotes", "x", { a: "two words", b: "", c: 'say "hi"', d: "a=b" },
    'x a="two words" b="" c="say \\"hi\\"" d="a=b"',
  ],
  ["fields that are no text", "x", { a: null, b: [1, "c"], c: { d: true }, e: undefined }, 'x a=null b=[1,"c"] c={"d":true}'],
  ["line breaks in a message", "a\nb\r\nc", undefined, "a\\nb\\u000d\\nc"],
  ["a forged line", `x\n${TIME} info  forged`, undefined, `x\\n${TIME} info  forged`],
  ["terminal control", "\u001b[31mred\u009b2J\u0007\u007f", undefined, "\\u001b[31mred\\u009b2J\\u0007\\u007f"],
  [
    "control characters in a field", "x", { a: "\u001b]0;title\u0007", b: "c\nd", c: "\u0085\u2028" },
    'x a="\\u001b]0;title\\u0007" b="c\\nd" c="\\u0085\\u2028"',
  ],
  ["characters beyond ASCII", "Über €😀", { name: "Jörg" }, 'Über €😀 name="Jörg"'],
];
for (const [what, message, fields, text] of TEXTS) {
  test(`createLog: text, ${what}, on one line`, () => assert.equal(lineOf("text", message, fields), `${TIME} info  ${text}\n`));
}

test("createLog: text aligns the levels", () => {
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "text", write: (line) => void lines.push(line), now });
  for (const level of LEVELS) log[level]("x");
  assert.ok(lines.every((line) => line.endsWith(" x\n") && line.indexOf(" x\n") === 30));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeControls } from "../../runner/lib/text.ts";

const CASES: readonly (readonly [what: string, text: string, shown: string])[] = [
  ["nothing", "", ""],
  ["printable text as it is", "Grüße, 世界 😀 \u00a0\\n", "Grüße, 世界 😀 \u00a0\\n"],
  ["line breaks", "a\nb\r\nc", "a\\nb\\u000d\\nc"],
  ["terminal control", "\u001b[31m\u009b2J\u0007\u007f\u0000\t", "\\u001b[31m\\u009b2J\\u0007\\u007f\\u0000\\u0009"],
  ["Unicode's own line separators", "\u0085\u2028\u2029", "\\u0085\\u2028\\u2029"],
];

for (const [what, text, shown] of CASES) test(`escapeControls: ${what}`, () => assert.equal(escapeControls(text), shown));

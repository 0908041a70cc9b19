import assert from "node:assert/strict";
import { test } from "node:test";
import { secretForms, MIN_SECRET_LENGTH } from "../../runner/redaction/secret-forms.ts";
import { createRedaction } from "../../runner/redaction/redactor.ts";

test("secretForms: a secret below 6 characters, surrounding white space not counted, is ignored", () => {
  assert.deepEqual(secretForms(["", "12345", "  abc  ", "abcde\n"]), []);
});

test("secretForms: no form is shorter than 6 characters and none appears twice", () => {
  const needles = secretForms(["abcdef", "abcdef", "a\nb\nlonger line\n}", "p\"ss w/rd+é", "x".repeat(200)]);
  assert.equal(new Set(needles).size, needles.length);
  assert.ok(needles.every((needle) => needle.length >= MIN_SECRET_LENGTH));
  assert.ok(needles.includes("abcdef") && needles.includes("longer line") && !needles.includes("}"));
});

/** `given` is the secret, `printed` what an output shows of it, `hidden` what is left. */
const SECRET = "p\"ä\\ss w/rd+~!*'(<&>)\u{1f511}\x7f\u001b";
const FORMS: readonly { readonly form: string; readonly given: string; readonly printed: string; readonly hidden?: string }[] = [
  { form: "as it is", given: SECRET, printed: SECRET },
  { form: "without the line break at its end", given: "hunter22\n", printed: "hunter22" },
  { form: "with its line break", given: "hunter22\r\n", printed: "hunter22\r\n", hidden: "***\r\n" },
  { form: "as JSON", given: SECRET, printed: JSON.stringify(SECRET), hidden: '"***"' },
  { form: "as python's JSON", given: SECRET, printed: String.raw`p\"\u00e4\\ss w/rd+~!*'(<&>)\ud83d\udd11\u007f\u001b` },
  { form: "as JSON of ASCII with capital digits", given: SECRET, printed: String.raw`p\"\u00E4\\ss w/rd+~!*'(<&>)\uD83D\uDD11\u007F\u001B` },
  { form: "as Windows PowerShell's JSON", given: "<it's & that>", printed: String.raw`\u003cit\u0027s \u0026 that\u003e` },
  { form: "as JSON where a backslash precedes what looks like an escape", given: "ab\\u00e9cé", printed: String.raw`ab\\u00e9c\u00E9` },
  { form: "by encodeURIComponent", given: SECRET, printed: encodeURIComponent(SECRET) },
  { form: "by RFC 3986, lower digits", given: SECRET, printed: "p%22%c3%a4%5css%20w%2frd%2b~%21%2a%27%28%3c%26%3e%29%f0%9f%94%91%7f%1b" },
  { form: "by python's quote", given: SECRET, printed: "p%22%C3%A4%5Css%20w/rd%2B~%21%2A%27%28%3C%26%3E%29%F0%9F%94%91%7F%1B" },
  { form: "by URLSearchParams", given: SECRET, printed: new URLSearchParams([["k", SECRET]]).toString(), hidden: "k=***" },
  { form: "by python's urlencode", given: SECRET, printed: "p%22%C3%A4%5Css+w%2Frd%2B~%21%2A%27%28%3C%26%3E%29%F0%9F%94%91%7F%1B" },
  { form: "by .NET's UrlEncode", given: SECRET, printed: "p%22%c3%a4%5css+w%2frd%2b%7e!*%27(%3c%26%3e)%f0%9f%94%91%7f%1b" },
  { form: "as a text that is no text throughout", given: "abc\ud800def", printed: "abc\ufffddef" },
  { form: "line by line", given: "first line\n  second line\nx\n", printed: "> first line\n> second line\n> x\n", hidden: "> ***\n> ***\n> x\n" },
  { form: "whole, with its short lines", given: "first line\nx\nsecond line", printed: "first line\nx\nsecond line" },
  { form: "with other line ends", given: "first line\nx\nsecond line", printed: "first line\r\nx\r\nsecond line" },
  { form: "with plain line ends", given: "first line\r\nx\r\nsecond line", printed: "first line\nx\nsecond line" },
  { form: "in lines of old Macs", given: "first line\rx\rsecond line", printed: "first line\rx\rsecond line" },
  { form: "with many lines as JSON", given: "first line\nx\n", printed: String.raw`"first line\nx\n"`, hidden: String.raw`"***\n"` },
];

for (const { form, given, printed, hidden = "***" } of FORMS) {
  test(`a secret is hidden ${form}`, () => assert.equal(createRedaction(secretForms([given])).text(printed), hidden));
}

for (const secret of ["abcdef", "correct horse", "ÄÖÜ€\u{1f511}?>?>", "\u00ff\u00fe~~~>>>???", "q".repeat(300)]) {
  test(`base64 shows less than a character of ${JSON.stringify(secret.slice(0, 20))} wherever it stands among other bytes`, () => {
    const redaction = createRedaction(secretForms([secret]));
    for (let before = 0; before < 7; before += 1) {
      for (let after = 0; after < 4; after += 1) {
        const bytes = Buffer.from(".".repeat(before) + secret + ".".repeat(after));
        for (const encoding of ["base64", "base64url"] as const) {
          const hidden = redaction.text(bytes.toString(encoding));
          const bits = [...hidden.replaceAll("***", "").replaceAll("=", "")].length * 6;
          assert.ok(hidden.includes("***") && bits <= (before + after) * 8 + 12, `${before} before, ${after} after: ${hidden}`);
        }
      }
    }
  });
}

for (const columns of [64, 76]) {
  test(`base64 in lines of ${columns} columns is hidden line by line`, () => {
    const secret = Array.from({ length: 150 }, (_, index) => String.fromCharCode(33 + (index * 7) % 90)).join("");
    const wrapped = Buffer.from(secret).toString("base64").replace(new RegExp(`.{${columns}}`, "g"), "$&\n");
    assert.match(createRedaction(secretForms([secret])).text(wrapped), columns === 64 ? /^\*\*\*\n\*\*\*\n\*\*\*\n.{0,8}$/ : /^\*\*\*\n\*\*\*\n\*\*\*$/);
  });
}

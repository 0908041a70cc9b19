import assert from "node:assert/strict";
import { test } from "node:test";
import { escape, html } from "../../runner/page/html.ts";

test("what is put into a template is escaped, in elements and in attributes", () => {
  const cases: readonly [string, string][] = [
    ["plain words", "plain words"],
    ["<b>", "&lt;b&gt;"],
    [`"><img src=x onerror='a()'>`, "&quot;&gt;&lt;img src=x onerror=&#39;a()&#39;&gt;"],
    ["a & b &amp; c", "a &amp; b &amp;amp; c"],
    ["`tick`", "&#96;tick&#96;"],
    ["nul\0 escape\u001b c1\u009b", "nul\ufffd escape\ufffd c1\ufffd"],
    ["line\nbreak\tand Ünïcödé 🍂", "line\nbreak\tand Ünïcödé 🍂"],
  ];
  for (const [given, wanted] of cases) {
    assert.equal(escape(given), wanted);
    assert.equal(html`<p title="${given}">${given}</p>`.toString(), `<p title="${wanted}">${wanted}</p>`);
  }
});

test("HTML made by the template is kept, lists are joined, and nothing leaves nothing", () => {
  const item = html`<li>${"<"}</li>`;
  assert.equal(html`<ul>${[item, [item, 3], null, undefined, false, ""]}</ul>`.toString(), "<ul><li>&lt;</li><li>&lt;</li>3</ul>");
});

test("an object that only looks like HTML is not taken as HTML", () => {
  const forged = { toString: () => "<script>" } as unknown as string;
  assert.throws(() => html`<p>${forged}</p>`, TypeError);
});

test("a value in an unquoted attribute is refused, one in a quoted attribute or in text is not", () => {
  const value = "x onclick=a()";
  assert.throws(() => html`<a href=${value}>`, TypeError);
  assert.throws(() => html`<a class="b" title='c' href= ${value}>`, TypeError);
  assert.throws(() => html`<a class="${"b"}" href=${value}>`, TypeError);
  assert.equal(html`<a href="?a=${1}">a=${2}, b = ${3}</a>`.toString(), '<a href="?a=1">a=2, b = 3</a>');
});

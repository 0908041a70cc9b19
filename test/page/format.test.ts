import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, distance, duration, link, moment, size, withoutPasswords } from "../../runner/page/format.ts";
import { before, now } from "./views.ts";

test("a distance in time is told in its largest unit", () => {
  const cases: readonly [number, string][] = [
    [0, "just now"],
    [2, "just now"],
    [-2, "in a moment"],
    [3, "3 seconds ago"],
    [59, "59 seconds ago"],
    [60, "1 minute ago"],
    [-119, "in 1 minute"],
    [-46, "in 46 seconds"],
    [3_599, "59 minutes ago"],
    [3_600, "1 hour ago"],
    [47 * 3_600, "47 hours ago"],
    [48 * 3_600, "2 days ago"],
    [4_000 * 86_400, "4,000 days ago"],
  ];
  for (const [seconds, wanted] of cases) assert.equal(distance(new Date(before(seconds)), new Date(now)), wanted);
});

test("a duration is told in its two largest units", () => {
  const cases: readonly [number, string][] = [
    [-5, "0 seconds"],
    [0.9, "0 seconds"],
    [1, "1 second"],
    [95, "1 minute 35 seconds"],
    [120, "2 minutes"],
    [3_661, "1 hour 1 minute"],
    [86_400, "1 day"],
    [12 * 86_400 + 7_300, "12 days 2 hours"],
    [NaN, "0 seconds"],
  ];
  for (const [seconds, wanted] of cases) assert.equal(duration(seconds), wanted);
});

test("an amount of bytes is told in its largest unit", () => {
  const cases: readonly [number, string][] = [
    [0, "0 bytes"],
    [1, "1 byte"],
    [1_023, "1,023 bytes"],
    [1_024, "1 KiB"],
    [1_450, "1.4 KiB"],
    [10_200, "10 KiB"],
    [1_048_575, "1 MiB"],
    [327_680_000, "313 MiB"],
    [2_362_232_012, "2.2 GiB"],
    [5e15, "4,547 TiB"],
  ];
  for (const [bytes, wanted] of cases) assert.equal(size(bytes), wanted);
});

test("a time is told with its distance and to the second; what is no time is shown as it came", () => {
  assert.match(String(moment(before(14), now)), />14 seconds ago<\/time> <span class="aside">2025-11-23 00:50:53 UTC</);
  assert.match(String(ago(before(14), now)), /^<time datetime="2025-11-23T00:50:53.000Z" data-distance>/);
  for (const text of ["soon", "x=1", "2025", "2025-13-45T00:00:00Z", ""]) assert.equal(moment(text, now), text);
  assert.equal(moment(null, now), "never");
  assert.equal(ago(before(14), "no time"), before(14));
});

test("only http and https become links, and a user name or password in a URL is not shown", () => {
  const cases: readonly [string, string][] = [
    ["https://automn.example.com/a?b=1&c=2", '<a href="https://automn.example.com/a?b=1&amp;c=2" rel="noopener noreferrer">https://automn.example.com/a?b=1&amp;c=2</a>'],
    ["HTTP://[::1]:3030", '<a href="http://[::1]:3030/" rel="noopener noreferrer">HTTP://[::1]:3030</a>'],
    ["https://me:pa@ss@automn.example.com/", '<a href="https://automn.example.com/" rel="noopener noreferrer">https://automn.example.com/</a>'],
    ["javascript:alert(1)", "javascript:alert(1)"],
    ["java\nscript:alert(1)", "java\nscript:alert(1)"],
    ["data:text/html,<script>", "data:text/html,&lt;script&gt;"],
    ["file:///etc/passwd", "file:///etc/passwd"],
    ["//automn.example.com", "//automn.example.com"],
    ["", ""],
  ];
  for (const [given, wanted] of cases) assert.equal(link(given).toString(), wanted);
  assert.equal(withoutPasswords("http://user:word@"), "http://");
  assert.equal(withoutPasswords("http://host/path@home"), "http://host/path@home");
});

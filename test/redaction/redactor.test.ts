import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedaction, NOTHING_HIDDEN } from "../../runner/redaction/redactor.ts";
import type { RedactedStream, Redaction } from "../../runner/redaction/redactor.ts";
import { lend } from "../support/bytes.ts";

/** Pushes a text and takes what comes out at once, before the chunk's memory is used again. */
const push = (stream: RedactedStream, text: string): string => lend(text, (chunk) => stream.push(chunk).toString());
const flush = (stream: RedactedStream): string => stream.flush().toString();

/** The plainest statement of what is to come out, and of what is held back; `final` says that nothing follows. */
function hide(needles: readonly string[], text: string, final: boolean): { readonly shown: string; readonly held: string } {
  const ordered = [...needles].sort((one, other) => other.length - one.length);
  let shown = "";
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    if (!final && needles.some((needle) => needle.length > rest.length && needle.startsWith(rest))) return { shown, held: rest };
    const found = ordered.find((needle) => rest.startsWith(needle));
    shown += found === undefined ? rest.charAt(0) : "***";
    at += found === undefined ? 1 : found.length;
  }
  return { shown, held: "" };
}

const expected = (needles: readonly string[], text: string): string => hide(needles, text, true).shown;

/** Pushes pieces; what has come out is right after every push, nothing held back that need not be. */
function checkStream(redaction: Redaction, needles: readonly string[], pieces: readonly string[]): void {
  const stream = redaction.stream();
  let pushed = "";
  let shown = "";
  for (const piece of pieces) {
    pushed += piece;
    shown += push(stream, piece);
    const wanted = hide(needles, pushed, false);
    assert.equal(shown, wanted.shown);
    assert.equal(stream.holds, wanted.held !== "");
  }
  assert.equal(shown + flush(stream), expected(needles, pushed));
  assert.equal(flush(stream), "", "a flush is the end");
  assert.equal(stream.holds, false);
}

function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const CASES: readonly { readonly what: string; readonly needles: readonly string[]; readonly text: string; readonly hidden: string }[] = [
  { what: "one needle", needles: ["secret"], text: "a secret, secretsecret secre", hidden: "a ***, ****** secre" },
  { what: "the longer of two that begin alike", needles: ["secret", "secret key"], text: "secret key secret ke", hidden: "*** *** ke" },
  { what: "the shorter where the longer does not end", needles: ["abcdef", "abcdefghijkl"], text: "abcdefghijk!", hidden: "***ghijk!" },
  { what: "the middle one of three that begin alike", needles: ["aaaaaa", "aaaaaaaa", "aaaaaaaaab"], text: "aaaaaaaaac", hidden: "***ac" },
  { what: "the leftmost of two that overlap", needles: ["abcdef", "defghi"], text: "abcdefghi", hidden: "***ghi" },
  { what: "the second of two when the first breaks off", needles: ["abcdefgh", "defghi"], text: "abcdefghi abcdefg! abcdefi defghi", hidden: "***i abcdefg! abcdefi ***" },
  { what: "one that stands within the beginning of another", needles: ["abcdefghij", "cdefgh"], text: "abcdefghi abcdefghij", hidden: "ab***i ***" },
  { what: "one that is the end of another", needles: ["123456789", "456789"], text: "456789 123456789 23456789", hidden: "*** *** 23***" },
  { what: "one that repeats itself", needles: ["abcabc"], text: "abcabcabc", hidden: "***abc" },
  { what: "one of stars", needles: ["******"], text: "*********", hidden: "******" },
  { what: "one over lines", needles: ["one\ntwo\n"], text: "one\ntwo\none\ntw", hidden: "***one\ntw" },
  { what: "wide characters", needles: ["pässwört€", "\u{1f511}\u{1f511}\u{1f511}"], text: "ä pässwört€ \u{1f511}\u{1f511}\u{1f511}\u{1f511} €", hidden: "ä *** ***\u{1f511} €" },
  { what: "no character that only ends on the same eight bits", needles: ["abcdef"], text: "\u0161\u0162\u0163\u0164\u0165\u0166 abcdef", hidden: "\u0161\u0162\u0163\u0164\u0165\u0166 ***" },
  { what: "NUL and line ends", needles: ["\0\0\0\0\0\0"], text: "\0\0\0\0\0\0\0", hidden: "***\0" },
  { what: "one that begins late in a long repetition", needles: [`${"a".repeat(100)}b`], text: `${"a".repeat(103)}b`, hidden: "aaa***" },
  { what: "long ones", needles: ["x".repeat(500), `${"x".repeat(300)}y`], text: `${"x".repeat(300)}y${"x".repeat(499)}`, hidden: `***${"x".repeat(499)}` },
];

for (const { what, needles, text, hidden } of CASES) {
  test(`hides ${what}`, () => {
    const redaction = createRedaction(needles);
    assert.equal(redaction.text(text), hidden);
    assert.equal(expected(needles, text), hidden);
    checkStream(redaction, needles, [text]);
    const characters = [...text];
    checkStream(redaction, needles, characters);
    for (let cut = 1; cut < Math.min(characters.length, 60); cut += 1) checkStream(redaction, needles, [characters.slice(0, cut).join(""), characters.slice(cut).join("")]);
  });
}

test("RedactedStream: the result does not depend on where chunks are cut", () => {
  const random = createRandom(7);
  for (let round = 0; round < 600; round += 1) {
    const letters = round % 3 === 0 ? "ab" : round % 3 === 1 ? "abc\n" : "a\u0161€b";
    const word = (length: number): string => Array.from({ length }, () => letters[random(letters.length)]).join("");
    const needles = Array.from({ length: 1 + random(8) }, () => word(6 + random(round % 5 === 0 ? 90 : 8)));
    if (round % 4 === 0) needles.push(`${needles[0]}${word(3)}`, (needles[0] as string).repeat(3));
    const bits = [...needles, ...needles.map((needle) => needle.slice(0, -1)), word(3)];
    const text = Array.from({ length: 30 }, () => bits[random(bits.length)]).join("").slice(0, 400);
    const pieces: string[] = [];
    for (let at = 0; at < text.length;) {
      const length = random(round % 2 === 0 ? 4 : 80);
      pieces.push(text.slice(at, at + length));
      at += length;
    }
    const redaction = createRedaction(needles);
    assert.equal(redaction.text(text), expected(needles, text));
    checkStream(redaction, needles, pieces);
  }
});

test("createRedaction: many needles of many lengths are all found", () => {
  const random = createRandom(11);
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const word = (length: number): string => Array.from({ length }, () => letters[random(64)]).join("");
  const needles = Array.from({ length: 2000 }, (_, index) => word(index % 2 === 0 ? 12 : 6 + random(60)));
  const text = needles.map((needle, index) => `${word(index % 9)} ${needle}`).join(" ");
  const pieces = text.match(/[^]{1,5000}/g) ?? [];
  const redaction = createRedaction(needles);
  const stream = redaction.stream();
  assert.equal(redaction.text(text), expected(needles, text));
  assert.equal(pieces.map((piece) => push(stream, piece)).join("") + flush(stream), expected(needles, text));
});

test("RedactedStream: a needle across chunks is hidden", () => {
  const redaction = createRedaction(["a needle that is cut", "other needle"]);
  for (let before = 65_536 - 24; before < 65_536 + 4; before += 1) {
    assert.equal(redaction.text(`${"-".repeat(before)}a needle that is cut${"-".repeat(70_000)}`), `${"-".repeat(before)}***${"-".repeat(70_000)}`);
  }
});

test("Redaction.stream: two streams do not mix", () => {
  const redaction = createRedaction(["secret word"]);
  const [one, other] = [redaction.stream(), redaction.stream()];
  assert.equal(push(one, "a secret "), "a ");
  assert.equal(push(other, "word secret wor"), "word ");
  assert.equal(redaction.text("a secret word"), "a ***");
  assert.equal(push(one, "word."), "***.");
  assert.equal(flush(other), "secret wor");
});

test("RedactedStream: only an end that may begin a needle is held back", () => {
  const stream = createRedaction(["secret", "token-123"]).stream();
  assert.equal(push(stream, "50 % of the tokens\n"), "50 % of the tokens\n");
  assert.equal(push(stream, "the token"), "the ");
  assert.equal(push(stream, "-12"), "");
  assert.equal(push(stream, "\n"), "token-12\n");
  assert.equal(push(stream, ""), "");
  assert.equal(flush(stream), "");
});

test("createRedaction: needles below 6 characters are ignored, and without needles nothing is done", () => {
  assert.equal(createRedaction(["", "abc", "abcde"]), NOTHING_HIDDEN);
  assert.equal(createRedaction(["abc", "abcdef"]).text("abc abcdef"), "abc ***");
  const stream = NOTHING_HIDDEN.stream();
  assert.equal(NOTHING_HIDDEN.text("x") + push(stream, "y") + flush(stream), "xy");
});

const hiding = createRedaction(["secret", "123456"]);
const VALUES: readonly { readonly value: unknown; readonly hidden: unknown }[] = [
  { value: "a secret", hidden: "a ***" },
  { value: { a: ["secret", 1, null, true], "the secret": { b: "secret" } }, hidden: { a: ["***", 1, null, true], "the ***": { b: "***" } } },
  { value: 123456, hidden: "***" },
  { value: [12345678], hidden: ["***78"] },
  { value: JSON.parse('{"__proto__":{"a":"secret"},"constructor":1}'), hidden: JSON.parse('{"__proto__":{"a":"***"},"constructor":1}') },
];

for (const { value, hidden } of VALUES) {
  test(`the value ${JSON.stringify(value)} becomes ${JSON.stringify(hidden)}`, () => {
    const before = JSON.stringify(value);
    assert.equal(JSON.stringify(hiding.value(value)), JSON.stringify(hidden));
    assert.equal(JSON.stringify(value), before, "what was given stays as it was");
  });
}

test("Redaction.value: a value in which nothing is hidden stays the same object", () => {
  const value = { a: [1, "two", { b: null, c: undefined, d: NaN }], e: "five" };
  assert.equal(hiding.value(value), value);
  const half = { whole: value, other: "secret" };
  assert.equal(hiding.value(half).whole, value);
});

test("Redaction.value: a value nested too deeply to be searched is replaced", () => {
  const deep = JSON.parse(`${"[".repeat(20_000)}"secret"${"]".repeat(20_000)}`) as unknown;
  assert.doesNotMatch(JSON.stringify(hiding.value(deep)), /secret/);
});

/** Each takes seconds where the time grows with the square. */
const HARD: readonly { readonly what: string; readonly needles: readonly string[]; readonly text: string }[] = [
  { what: "a needle's repeated first half", needles: [`${"ab1".repeat(1000)}-${"xyz".repeat(1000)}`], text: "ab1".repeat(22_000) },
  { what: "a text of one letter and needles of it", needles: [`${"a".repeat(30_000)}b${"a".repeat(30_000)}`, `${"a".repeat(20_000)}c`], text: "a".repeat(65_536) },
  { what: "a short needle that is the beginning of a long one", needles: ["aaaaaa", `${"a".repeat(30_000)}b`], text: "a".repeat(65_536) },
  { what: "many needles that begin alike", needles: Array.from({ length: 400 }, (_, index) => `https://example.com/hooks/${index}/secret`), text: "https://example.com/hooks/".repeat(2500) },
];

for (const { what, needles, text } of HARD) {
  test(`the time does not grow with the square for ${what}`, () => {
    const redaction = createRedaction(needles);
    const stream = redaction.stream();
    const from = process.cpuUsage();
    for (let round = 0; round < 20; round += 1) push(stream, text);
    flush(stream);
    const { user } = process.cpuUsage(from);
    assert.ok(user < 5_000_000, `took ${user / 1000} ms of processor time for ${(20 * text.length) / 1e6} MB`);
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { type TomlValue, parseToml } from "../../../runner/languages/python/toml.ts";

/** Strings and arrays as they are, the rest as `<kind>`. */
function plain(value: TomlValue): unknown {
  return value.kind === "string" ? value.value : value.kind === "array" ? value.items.map(plain) : `<${value.kind}>`;
}

function read(text: string): Record<string, unknown> {
  return Object.fromEntries([...parseToml(text)].map(([key, value]) => [key, plain(value)]));
}

test("strings, arrays and what else stands at the top are read", () => {
  const cases: readonly (readonly [text: string, fields: Record<string, unknown>])[] = [
    ["", {}],
    ["# only a comment", {}],
    ['a = "x"', { a: "x" }],
    ["a = 'x\\y'", { a: "x\\y" }],
    ['a="x"#c', { a: "x" }],
    ['  a\t=\t"x"  # c\n\nb = "y"\n', { a: "x", b: "y" }],
    ['a = "\\" \\\\ \\t \\n \\u00e9 \\U0001F642"', { a: '" \\ \t \n é 🙂' }],
    ['a = ""\nb = \'\'', { a: "", b: "" }],
    ['a = """\none\ntwo"""', { a: "one\ntwo" }],
    ['a = """one \\\n\n   two"""', { a: "one two" }],
    ['a = """a"b""c"""', { a: 'a"b""c' }],
    ['a = """a"""""', { a: 'a""' }],
    ["a = '''\n'one' \\ two'''", { a: "'one' \\ two" }],
    ["a = []", { a: [] }],
    ['a = ["x", \'y\']', { a: ["x", "y"] }],
    ['a = ["x", "y",]', { a: ["x", "y"] }],
    ['a = [\n  "x", # one, ] "\n\n  "y" # two\n]', { a: ["x", "y"] }],
    ['a = [["x"], [], [["y"]]]', { a: [["x"], [], [["y"]]] }],
    ["a = 1\nb = -1_000\nc = 0xFF\nd = 1.5e-3\ne = inf\nf = 0b1", { a: "<number>", b: "<number>", c: "<number>", d: "<number>", e: "<number>", f: "<number>" }],
    ["a = true\nb = 1979-05-27T07:32:00Z\nc = 1979-05-27 07:32:00\nd = 07:32:00", { a: "<boolean>", b: "<date>", c: "<date>", d: "<date>" }],
    ['a = { b = 1, "c" = [{}], d.e = "}" }', { a: "<table>" }],
    ['"a b" = "x"\n\'c\' = "y"', { "a b": "x", c: "y" }],
    ['a.b = "x"\na . "c" = "y"', { a: "<table>" }],
    ['a = "x"\n[tool.b]\na = "y"\nb = [\n"[tool.c]"]\n[[tool.d]]\na = 1', { a: "x", tool: "<table>" }],
    ['[tool]\na = """\n[b]\nc = 1\n"""\n', { tool: "<table>" }],
  ];
  for (const [text, fields] of cases) assert.deepEqual(read(text), fields, text);
});

test("what is no TOML is refused with its line", () => {
  const cases: readonly (readonly [text: string, problem: RegExp])[] = [
    ["a", /line 1: wanted "=" behind a key, found the end/],
    ['\n\na = "x', /line 3: wanted the end of a string before the end of its line/],
    ['a = "x\n"', /line 1/],
    ["a = 'x\n'", /line 1/],
    ["a =", /wanted a value, found the end/],
    ["a = x", /wanted a value, found "x"/],
    ["a = 01", /wanted a value/],
    ["a = 1__0", /wanted a value/],
    ["a = 1.", /wanted a value/],
    ["a = tru", /wanted a value/],
    ['a = "x" "y"', /wanted the end of the line, found "\\"y\\""/],
    ['a = ["x" "y"]', /wanted "," or "]" in an array, found "\\"y\\"]"/],
    ['a = [\n"x"\n\n"y"]', /line 4: wanted "," or "]"/],
    ["a = [,]", /wanted a value/],
    ['a = ["x",\n', /line 2: wanted a value, found the end/],
    ["a = {b = 1,}", /wanted a key/],
    ["a = {b = 1\n}", /line 1: wanted "," or "}"/],
    ["a = { b }", /wanted "=" behind a key/],
    ['a = "\\q"', /wanted an escape that TOML knows, found "\\\\q\\""/],
    ['a = "\\ud800"', /escape/],
    ['a = """x', /found the end/],
    ["= 1", /wanted a key/],
    ["a b = 1", /wanted "="/],
    ["a. = 1", /wanted a key/],
    ["[a", /wanted "]" behind the name of a table/],
    ["[[a]", /wanted "]]"/],
    ["[]", /wanted a key/],
    ["[a] b", /wanted the end of the line/],
    ['a = "x"\n\na = "y"', /line 3: "a" is given twice, first in line 1/],
    ['a = "x"\n[a]', /"a" is given twice/],
    ['[tool]\nb = "x', /line 2/],
    ["a = \u0001", /value/],
    ["# \u0001", /control characters in a comment/],
    ['a = "\u0007"', /control characters/],
    [`a = ${"[".repeat(1000)}`, /at most 64/],
  ];
  for (const [text, problem] of cases) assert.throws(() => read(text), { name: "Failure", message: problem }, text);
  assert.throws(() => parseToml("a = 1\nb", 10), /line 11/, "lines count from the given one");
});

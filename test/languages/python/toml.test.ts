import assert from "node:assert/strict";
import { test } from "node:test";
import { parseToml, type TomlValue } from "../../../runner/languages/python/toml.ts";

/** Strings and arrays as they are, the rest as `<text>`. */
function plain(value: TomlValue): unknown {
  return value.kind === "string" ? value.value : value.kind === "array" ? value.items.map(plain) : `<${value.text}>`;
}

function read(text: string): Record<string, unknown> {
  return Object.fromEntries([...parseToml(text)].map(([key, value]) => [key, plain(value)]));
}

test("parseToml: strings and lists of strings at the top are read, other values are stepped over", () => {
  const cases: readonly (readonly [text: string, fields: Record<string, unknown>])[] = [
    ["", {}],
    ["# only a comment", {}],
    ['a = "x"', { a: "x" }],
    ["a = 'x\\y'", { a: "x\\y" }],
    ['a="x"#c', { a: "x" }],
    ['  a\t=\t"x"  # c\n\nb = "y"\n', { a: "x", b: "y" }],
    ['a = "\\" \\\\ \\t \\n \\u00e9"', { a: '" \\ \t \n é' }],
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
    ['a = [["x", "]"], {b = "}"}, 1]', { a: ['<["x", "]"]>', '<{b = "}"}>', "<1>"] }],
    ["a = 1\nb = -1_000\nc = 1.5e-3\nd = true", { a: "<1>", b: "<-1_000>", c: "<1.5e-3>", d: "<true>" }],
    ["a = 1979-05-27T07:32:00Z\nb = 07:32:00", { a: "<1979-05-27T07:32:00Z>", b: "<07:32:00>" }],
    ['a = { b = 1, "c" = [{}], d.e = "}" }\nf = "x"', { a: '<{ b = 1, "c" = [{}], d.e = "}" }>', f: "x" }],
    ['"a b" = "x"\n\'c\' = "y"', { "a b": "x", c: "y" }],
    ['a.b = "x"\na . "c" = "y"\nd = "z"', { a: '<a.b = "x">', d: "z" }],
    ['a = "x"\n[tool.b]\na = "y"\nc = 01', { a: "x", tool: "<[tool]>" }],
    ["[[tool]]\na = 1\n[other]\n", { tool: "<[[tool]>" }],
  ];
  for (const [text, fields] of cases) assert.deepEqual(read(text), fields, text);
});

test("parseToml: what is no TOML is refused with its line", () => {
  const cases: readonly (readonly [text: string, problem: RegExp])[] = [
    ["a", /line 1: wanted "=" after a key, found the end/],
    ['\n\na = "x', /line 3: wanted " at the end of a string, found the end/],
    ['a = "x\n"', /line 1/],
    ["a = 'x\n'", /line 1/],
    ["a =", /wanted a value, found the end/],
    ['a = "x" "y"', /wanted the end of the line, found "\\"y\\""/],
    ["a = x y", /wanted the end of the line, found "y"/],
    ['a = ["x" "y"]', /wanted "," or "]" in an array, found "\\"y\\"]"/],
    ['a = [\n"x"\n\n"y"]', /line 4: wanted "," or "]"/],
    ["a = [,]", /wanted a value/],
    ['a = ["x",\n', /line 2: wanted a value, found the end/],
    ["a = {b = [1}", /wanted "]" or "}"/],
    ['a = """x', /found the end/],
    ["= 1", /wanted a key/],
    ["a b = 1", /wanted "="/],
    ["a. = 1", /wanted a key/],
    ["[]", /wanted a key/],
    ['a = "x"\n\na = "y"', /line 3: "a" is given twice, first in line 1/],
    ['a = """\n\n"""\na = 1', /line 4: "a" is given twice/],
  ];
  for (const [text, problem] of cases) assert.throws(() => read(text), { name: "Failure", message: problem }, text);
  assert.throws(() => parseToml("a = 1\nb", 10), /line 11/, "lines count from the given one");
});

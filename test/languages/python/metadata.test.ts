import assert from "node:assert/strict";
import { test } from "node:test";
import { pythonNeeds } from "../../../runner/languages/python/metadata.ts";
import { normalizedPythonName, parsePythonRequirement } from "../../../runner/languages/python/requirement.ts";

/** A script with a block of such lines. */
function script(...lines: readonly string[]): string {
  return ["# /// script", ...lines.map((line) => (line === "" ? "#" : `# ${line}`)), "# ///", "print(1)", ""].join("\n");
}

const REQUESTS = [{ name: "requests" }];

test("pythonNeeds: blocks are found as by the regular expression of PEP 723", () => {
  const lines = '# dependencies = ["requests"]';
  const cases: readonly (readonly [why: string, code: string, requirements: readonly { readonly name: string; readonly version?: string }[]])[] = [
    ["no block", "import requests\n", []],
    ["at the top", `# /// script\n${lines}\n# ///\n`, REQUESTS],
    ["without a last line end", `# /// script\n${lines}\n# ///`, REQUESTS],
    ["below a hashbang and code", `#!/usr/bin/env python3\nimport os\n\n# /// script\n${lines}\n# ///\nprint()`, REQUESTS],
    ["below other comments", `# what it does\n# /// script\n${lines}\n# ///\n# more`, REQUESTS],
    ["with empty comment lines", `# /// script\n#\n${lines}\n#\n# ///\n`, REQUESTS],
    ["with Windows line ends", `# /// script\r\n${lines}\r\n# ///\r\n`, REQUESTS],
    ["behind a byte order mark", `\uFEFF# /// script\n${lines}\n# ///\n`, REQUESTS],
    ["within a string, as the PEP allows", `x = """\n# /// script\n${lines}\n# ///\n"""`, REQUESTS],
    ["of another type", `# /// other\n${lines}\n# ///\n`, []],
    ["behind one of another type", `# /// other\n# a\n# ///\n\n# /// script\n${lines}\n# ///\n`, REQUESTS],
    ["within one of another type", `# /// other\n# /// script\n${lines}\n# ///\n`, []],
    ["of an unknown spelling", `# /// Script\n${lines}\n# ///\n`, []],
    ["indented", `  # /// script\n  ${lines}\n  # ///\n`, []],
    ["without the space", `#/// script\n${lines}\n#///\n`, []],
    ["with text behind its type", `# /// script x\n${lines}\n# ///\n`, []],
    ["reaching to the last closing line", '# /// script\n# dependencies = ["requests"]\n# [tool.x]\n# a = """\n# ///\n# """\n# ///\n', REQUESTS],
    ["content of an empty comment only", "# /// script\n#\n# ///\n", []],
  ];
  for (const [why, code, requirements] of cases) assert.deepEqual(pythonNeeds(code), { requirements, problems: [], notes: [] }, why);
});

test("pythonNeeds: an unclosed block is ignored, with a note", () => {
  const cases: readonly (readonly [code: string, line: number])[] = [
    ['# /// script\n# dependencies = ["requests"]\n', 1],
    ['import os\n# /// script\n# dependencies = ["requests"]\n\n# ///\n', 2],
    ['# /// script\n#dependencies = ["requests"]\n# ///\n', 1],
    ['# /// script\n# dependencies = [\n"requests"]\n# ///\n', 1],
    ["# /// script\n# ///\n", 1],
  ];
  for (const [code, line] of cases) {
    const { requirements, problems, notes } = pythonNeeds(code);
    assert.deepEqual([requirements, problems, notes.length], [[], [], 1], code);
    assert.match(notes[0] ?? "", new RegExp(`in line ${line} is ignored`), code);
  }
});

test("pythonNeeds: dependencies and requires-python are read, tables and unknown fields are not", () => {
  const cases: readonly (readonly [code: string, requirements: readonly object[], requiresPython?: string])[] = [
    [script('requires-python = ">=3.11"', "dependencies = [", '  "requests<3",  # http', "  'rich',", "]"), [{ name: "requests", version: "<3" }, { name: "rich" }], ">=3.11"],
    [script("dependencies = []"), []],
    [script('requires-python = " >=3.9, <4 "'), [], ">=3.9, <4"],
    [script('dependencies = ["requests", "requests"]'), [{ name: "requests" }]],
    [script(`dependencies = ["a<2; python_version < '3.9'", "a>=2; python_version >= '3.9'"]`), [{ name: "a", version: "<2 ; python_version < '3.9'" }, { name: "a", version: ">=2 ; python_version >= '3.9'" }]],
    [script('dependencies = ["""requests"""]', "[tool.uv]", "dependencies = 3", 'exclude-newer = "2023-10-16T00:00:00Z"', "[[tool.x.y]]", "a = {}"), [{ name: "requests" }]],
    [script('"dependencies" = ["requests"]'), [{ name: "requests" }]],
  ];
  for (const [code, requirements, requiresPython] of cases) {
    assert.deepEqual(pythonNeeds(code), { requirements, problems: [], notes: [], ...(requiresPython === undefined ? {} : { requiresPython }) }, code);
  }
  assert.match(pythonNeeds(script('dependancies = ["requests"]')).notes[0] ?? "", /"dependancies" in line 2/, "a misspelt field is pointed out");
});

test("pythonNeeds: a broken block is a problem that names the line", () => {
  const cases: readonly (readonly [code: string, problem: RegExp])[] = [
    [script("dependencies = [", '"requests"', '"rich"', "]"), /metadata, line 4: wanted "," or "]" in an array, found "\\"rich\\""/],
    [script("dependencies = ["), /metadata, line 2: wanted a value, found the end/],
    [script('dependencies = "requests"'), /dependencies in line 2: wanted an array of strings, found "requests"/],
    [script("", "dependencies = true"), /dependencies in line 3: wanted an array of strings, found true/],
    [script('dependencies = ["a",', "1]"), /wanted a string, found 1 \(line 3\)/],
    [script('dependencies = [["a"]]'), /wanted a string, found \["a"\] \(line 2\)/],
    [script("[dependencies]", 'requests = "*"'), /wanted an array of strings, found \[dependencies\]/],
    [script('dependencies.requests = "*"'), /wanted an array of strings, found dependencies\.requests = "\*"/],
    [script("requires-python = 3.11"), /requires-python in line 2: wanted a string, found 3\.11/],
    [script('requires-python = "3.11"'), /requires-python in line 2: "3\.11" is no version specifier/],
    [script("import requests"), /line 2: wanted "="/],
    [script('dependencies = ["a"]', 'dependencies = ["b"]'), /line 3: "dependencies" is given twice, first in line 2/],
    [script('dependencies = ["requests", "not a name"]'), /"not a name".*\(line 2\)/],
    [`${script('dependencies = ["a"]')}\n${script('dependencies = ["b"]')}`, /wanted one "# \/\/\/ script" block, found one above line 2 and one above line 7/],
    [`x = 1\n\n${script("a = [")}`, /line 4/],
  ];
  for (const [code, problem] of cases) {
    const { problems } = pythonNeeds(code);
    assert.equal(problems.length, 1, `${code}: ${problems.join(" | ")}`);
    assert.match(problems[0] ?? "", problem, code);
  }
  assert.equal(pythonNeeds(script('dependencies = ["-r x", "good", "a b"]', "requires-python = 3")).problems.length, 3, "all problems are told at once");
});

test("parsePythonRequirement: a dependency is read and spelled in one way", () => {
  const cases: readonly (readonly [text: string, name: string, version?: string])[] = [
    ["requests", "requests"],
    ["Foo.Bar__baz", "foo-bar-baz"],
    ["requests>=2", "requests", ">=2"],
    [" requests  >= 2 , <3 ", "requests", "<3,>=2"],
    ["requests<3,>=2", "requests", "<3,>=2"],
    ["requests (>=2,<3)", "requests", "<3,>=2"],
    ["requests[socks]", "requests", "[socks]"],
    ["requests [b, A_c ,b] ~= 2.1", "requests", "[a-c,b]~=2.1"],
    ["requests[]", "requests"],
    ["requests==2.*", "requests", "==2.*"],
    ["requests; python_version < '3.9'", "requests", " ; python_version < '3.9'"],
    ['a[b]>=1;(os_name=="nt" or sys_platform not in "x") and extra == \'y\'', "a", '[b]>=1 ; (os_name=="nt" or sys_platform not in "x") and extra == \'y\''],
    ["a; 'linux' in sys_platform", "a", " ; 'linux' in sys_platform"],
    ["a===weird", "a", "===weird"],
  ];
  for (const [text, name, version] of cases) assert.deepEqual(parsePythonRequirement(text), version === undefined ? { name } : { name, version }, text);
  assert.equal(normalizedPythonName("A.-_B"), "a-b");
});

test("parsePythonRequirement: what is no dependency, or comes from elsewhere than an index, is refused", () => {
  const cases: readonly (readonly [text: string, problem: RegExp])[] = [
    ["", /wanted a name/],
    ["a b", /wanted a name|no version specifier/],
    ["-r requirements.txt", /options/],
    ["--index-url=http://x", /options/],
    ["a\n--pre", /line break/],
    ["_a", /wanted a name/],
    ["é", /wanted a name/],
    ["a @ https://x/a.whl", /URLs, paths/],
    ["a@https://x/a.whl", /URLs, paths/],
    ["a[b] @ file:///a", /URLs, paths/],
    ["a @ git+https://x", /URLs, paths/],
    ["https://x/a.whl", /URLs, paths/],
    ["git+ssh://git@x/y", /URLs, paths/],
    ["./a", /URLs, paths/],
    ["/a", /URLs, paths/],
    ["~/a", /URLs, paths/],
    ["a/b", /URLs, paths/],
    ["a.whl", /URLs, paths/],
    ["C:\\a", /URLs, paths/],
    ["a 1.0", /no version specifier/],
    ["a=1", /no version specifier/],
    ["a>=1 <2", /no version specifier/],
    ["a[", /wanted a name|no version/],
    ["a[-]", /"-" is no name of an extra/],
    ["a[b,]", /"" is no name of an extra/],
    ["a(>=1", /wanted a name/],
    ["a;", /"" is no marker such as/],
    ["a; os_name == 'x", /is no marker/],
    ["a; os_name == 'x' --pre", /is no marker/],
    ["a; os_name == 'x' # y", /is no marker/],
    ["a; os_name == 'x'; b", /is no marker/],
    [`a${" ".repeat(2000)}b`, /more than 1024 characters/],
  ];
  for (const [text, problem] of cases) assert.throws(() => parsePythonRequirement(text), { name: "Failure", message: problem }, text);
});

test("pythonNeeds: hostile text is read in linear time", () => {
  for (const unit of ["'", '"', "[", "{a=", "a=1\n# ", "# /// script\n", "# ///\n", "a", " ", "\\", "a.", "[1,"]) {
    for (const lead of ["# /// script\n# ", '# /// script\n# dependencies = ["', "# /// script\n# a = ", '# /// script\n# a = """']) {
      const start = performance.now();
      pythonNeeds(`${lead}${unit.repeat(1_000_000 / unit.length)}\n# ///\n`);
      const took = performance.now() - start;
      assert.ok(took < 4000, `${lead}${unit}…: ${took} ms`);
    }
  }
});

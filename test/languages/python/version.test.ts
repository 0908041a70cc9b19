import assert from "node:assert/strict";
import { test } from "node:test";
import { pythonSatisfies, specifierProblem } from "../../../runner/languages/python/version.ts";

test("an interpreter satisfies a specifier or not, as PEP 440 has it", () => {
  const cases: readonly (readonly [specifier: string, yes: readonly string[], no: readonly string[]])[] = [
    ["", ["3.11.7", "2.7"], []],
    [">=3.9", ["3.9", "3.9.0", "3.11.7", "3.13.0rc1", "4.0"], ["3.8.19", "3.9.0rc1"]],
    [">= 3.9, <4", ["3.11.7"], ["4.0", "4.0.0a1", "3.8"]],
    ["<=3.11", ["3.11", "3.11.0", "3.10"], ["3.11.7"]],
    ["<3.13", ["3.12.9"], ["3.13.0", "3.13.0rc1"]],
    ["<3.13rc2", ["3.13rc1"], ["3.13rc2"]],
    [">3.11", ["3.11.1", "3.12"], ["3.11", "3.11.0.post1", "3.11.0+local"]],
    [">3.11.post1", ["3.11.post2"], ["3.11.post1"]],
    ["==3.11.7", ["3.11.7", "3.11.7+local"], ["3.11.8"]],
    ["==3.11", ["3.11.0"], ["3.11.7"]],
    ["==3.11.*", ["3.11.0", "3.11.7", "3.11.0rc1"], ["3.1.1", "3.12.0"]],
    ["==3.*", ["3.0", "3.99"], ["2.7", "4.0"]],
    ["!=3.11.7", ["3.11.6"], ["3.11.7"]],
    ["!=3.11.*", ["3.12.0"], ["3.11.0"]],
    [">=3.8,!=3.9.*,!=3.10.*", ["3.8.1", "3.11.0"], ["3.9.1", "3.10.0"]],
    ["~=3.9", ["3.9", "3.12"], ["3.8", "4.0"]],
    ["~=3.9.2", ["3.9.2", "3.9.18"], ["3.9.1", "3.10.0"]],
    ["~=3.9.2, <3.9.9", ["3.9.5"], ["3.9.9"]],
    ["===3.11.7", ["3.11.7"], ["3.11.8"]],
    ["==1!3.11", ["1!3.11"], ["3.11"]],
    [">=3.9,", ["3.9"], ["3.8"]],
    [">=v3.9.0-RC.1", ["3.9.0rc1", "3.9"], ["3.9.0b9"]],
    ["<4", ["3.14.0a1+"], ["4.0"]],
  ];
  for (const [specifier, yes, no] of cases) {
    assert.equal(specifierProblem(specifier), undefined, specifier);
    for (const version of yes) assert.equal(pythonSatisfies(version, specifier), true, `${version} ${specifier}`);
    for (const version of no) assert.equal(pythonSatisfies(version, specifier), false, `${version} ${specifier}`);
  }
});

test("versions have PEP 440's order", () => {
  const ascending = ["1.0.dev1", "1.0a1.dev1", "1.0a1", "1.0a1.post1", "1.0b2", "1.0rc1", "1.0", "1.0+a", "1.0+1", "1.0+1.2", "1.0.post1.dev2", "1.0.post1", "1.0.1", "1.10", "1!0.1"];
  for (const [i, a] of ascending.entries()) {
    for (const [j, b] of ascending.entries()) {
      if (!b.includes("+")) assert.equal(pythonSatisfies(a, `<=${b}`), i <= j || a.startsWith(`${b}+`), `${a} <= ${b}`);
    }
  }
});

test("what is no specifier is refused with the reason, and nothing satisfies it", () => {
  const cases: readonly (readonly [specifier: string, problem: RegExp])[] = [
    ["3.9", /"3\.9" is no version specifier/],
    ["=3.9", /no version specifier/],
    ["=>3.9", /no version specifier/],
    [">=", /names no version/],
    [">=abc", /names no version/],
    [">=3.9 <4", /names no version/],
    [">=3.9,,<4", /no version specifier/],
    [">=3.*", /only behind == and !=/],
    ["==3.9rc1.*", /plain release/],
    ["~=3", /at least two numbers/],
    [">=3.9+local", /local version/],
    ["^3.9", /no version specifier/],
    [`==${"1".repeat(300)}`, /no version specifier/],
  ];
  for (const [specifier, problem] of cases) {
    assert.match(specifierProblem(specifier) ?? "", problem, specifier);
    assert.equal(pythonSatisfies("3.11.7", specifier), false, specifier);
  }
  assert.equal(pythonSatisfies("unknown", ">=3"), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { meetsSpecifier, releaseOf, specifierProblem } from "../../../runner/languages/python/version.ts";

test("meetsSpecifier: a release meets a specifier or not, as PEP 440 has it", () => {
  const cases: readonly (readonly [specifier: string, yes: readonly string[], no: readonly string[]])[] = [
    ["", ["3.11.7", "2.7"], []],
    [">=3.9", ["3.9", "3.9.0", "3.11.7", "4.0"], ["3.8.19", "2.7"]],
    [">= 3.9, <4", ["3.11.7"], ["4.0", "3.8"]],
    ["<=3.11", ["3.11", "3.11.0", "3.10"], ["3.11.7"]],
    ["<3.13", ["3.12.9"], ["3.13.0"]],
    [">3.11", ["3.11.1", "3.12"], ["3.11", "3.11.0"]],
    ["==3.11.7", ["3.11.7"], ["3.11.8"]],
    ["==3.11", ["3.11.0"], ["3.11.7"]],
    ["==3.11.*", ["3.11.0", "3.11.7"], ["3.1.1", "3.12.0"]],
    ["==3.*", ["3.0", "3.99"], ["2.7", "4.0"]],
    ["!=3.11.7", ["3.11.6"], ["3.11.7"]],
    ["!=3.11.*", ["3.12.0"], ["3.11.0"]],
    [">=3.8,!=3.9.*,!=3.10.*", ["3.8.1", "3.11.0"], ["3.9.1", "3.10.0"]],
    ["~=3.9", ["3.9", "3.12"], ["3.8", "4.0"]],
    ["~=3.9.2", ["3.9.2", "3.9.18"], ["3.9.1", "3.10.0"]],
    ["~=3.9.2, <3.9.9", ["3.9.5"], ["3.9.9"]],
    [">=3.9,", ["3.9"], ["3.8"]],
    [">=v3.9", ["3.10"], ["3.8"]],
    [">=3.13.0rc1", ["3.13.1", "3.14"], ["3.12.9"]],
    ["<3.14.0a1,>=3", ["3.13.7"], ["3.14.1", "2.7"]],
  ];
  for (const [specifier, yes, no] of cases) {
    assert.equal(specifierProblem(specifier), undefined, specifier);
    for (const version of yes) assert.equal(meetsSpecifier(version, specifier), true, `${version} ${specifier}`);
    for (const version of no) assert.equal(meetsSpecifier(version, specifier), false, `${version} ${specifier}`);
  }
});

test("meetsSpecifier: what numbers do not tell is left to the installer", () => {
  const cases: readonly (readonly [version: string, specifier: string])[] = [
    ["2.0rc1", ">=1"], ["2.0.post1", ">=1"], ["2.0+local", "==2.0"], ["1!2.0", ">=1"], ["2.0", "==1!2.0"], ["2.0", "===2.0"], ["3.13.0", ">=3.13.0rc1"],
    ["2.0", ">=1; python_version > '3'"], ["2.0", "[extra]>=1"], ["2.0", "about 2"], ["", ">=1"],
  ];
  for (const [version, specifier] of cases) assert.equal(meetsSpecifier(version, specifier), undefined, `${version} ${specifier}`);
  assert.equal(meetsSpecifier("2.0", "===2.0, <1"), false, "one clause that is not met is enough");
});

test("specifierProblem: what is no specifier is named", () => {
  for (const specifier of ["3.9", "=3.9", "=>3.9", ">=", ">=3.9 <4", ">=3.9,,<4", "^3.9", ">=3.9;"]) assert.match(specifierProblem(specifier) ?? "", /is no version specifier such as/, specifier);
});

test("releaseOf: an interpreter's version is cut to its numbers", () => {
  for (const [version, release] of [["3.11.7", "3.11.7"], ["3.13.0rc1", "3.13.0"], ["3.14.0a1+", "3.14.0"], ["unknown", "unknown"]] as const) assert.equal(releaseOf(version), release);
});

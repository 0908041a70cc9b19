import assert from "node:assert/strict";
import { test } from "node:test";
import { isDistTag, npmNameProblem, versionProblem } from "../../../runner/languages/node/npm-name.ts";

test("npmNameProblem: names that npm can have pass", () => {
  for (const name of ["axios", "a", "1", "7zip-bin", "is-number", "socket.io", "lodash.merge", "a_b", "JSONStream", "@scope/name", "@s/a.b_c-d", "@scope/_x", "@a-b/c", "punycode", "buffer", "a".repeat(214)]) {
    assert.equal(npmNameProblem(name), undefined, name);
  }
});

test("npmNameProblem: other names are refused with the reason", () => {
  const cases: readonly (readonly [name: string, reason: RegExp])[] = [
    ["", /empty/],
    ["a".repeat(215), /at most 214 characters, this one has 215/],
    [" a", /spaces around/],
    ["a\n", /spaces around/],
    [".a", /begin with "\."/],
    ["..", /begin with "\."/],
    ["_a", /begin with "_"/],
    ["-a", /begin with "-"/],
    ["--global", /begin with "-"/],
    ["node_modules", /reserved/],
    ["Favicon.ico", /reserved/],
    ["@", /@scope\/name/],
    ["@scope", /@scope\/name/],
    ["@scope/", /@scope\/name/],
    ["@/name", /@scope\/name/],
    ["@a/b/c", /@scope\/name/],
    ["a/b", /slash/],
    ["@a/.b", /dot/],
    ["@../b", /dot/],
    ["@a/..", /dot/],
    ["a~b", /"~"/],
    ["a!", /"!"/],
    ["a(b", /"\("/],
    ["a)b", /"\)"/],
    ["a'b", /"'"/],
    ["a*", /"\*"/],
    ["a b", /spaces/],
    ["a@1.2.3", /comment/],
    ["@a/b@1", /comment/],
    ["a?b", /"\?"/],
    ["a%20b", /"%"/],
    ["a:b", /":"/],
    ["a\\b", /"\\\\"/],
    ["a\0b", /"\\u0000"/],
    ["aé", /"é"/],
    ["a$(id)", /"\("/],
    ["a;b", /";"/],
    ["a&b", /"&"/],
    ["a|b", /"\|"/],
    ["a`b", /"`"/],
  ];
  for (const [name, reason] of cases) {
    const problem = npmNameProblem(name) ?? "";
    assert.match(problem, reason, name);
    assert.match(problem, /^Cannot install the npm package "/, name);
  }
});

test("versionProblem: versions, ranges and tags pass, and nothing else", () => {
  for (const version of ["1.2.3", "v1.2.3", "^1", "~1.2", ">=1 <2", "1 - 2", "1.x || 2.x", "*", "latest", "next-7", "ts4.9", "1.2.3-rc.1"]) {
    assert.equal(versionProblem(version), undefined, version);
  }
  for (const version of ["-rf", "--save", "a/b", "./a", "../a", ".", "/a", "~/a", "file:a", "npm:a@1", "git+ssh://a", "http://a", "workspace:*", "C:\\a", "a b", "1.2.3.4", "^x.y", "a;b", "$(id)", "é", "1".repeat(300)]) {
    assert.notEqual(versionProblem(version), undefined, version);
  }
});

test("isDistTag: a tag begins with a letter and is no range", () => {
  for (const tag of ["latest", "next", "beta-2", "v2-latest", "ts4.9"]) assert.equal(isDistTag(tag), true, tag);
  for (const text of ["1.2.3", "v1.2.3", "x", "X", "*", "", "a b", "-a", "a/b"]) assert.equal(isDistTag(text), false, text);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeNeeds, packageOf } from "../../../runner/languages/node/imports.ts";

function namesOf(code: string): string[] {
  const { requirements, problems } = nodeNeeds(code);
  assert.deepEqual(problems, [], code);
  return requirements.map(({ name }) => name);
}

/** Code and the packages it imports, in order. */
type Case = readonly [code: string, ...names: string[]];

function holds(cases: readonly Case[]): void {
  for (const [code, ...names] of cases) assert.deepEqual(namesOf(code), names, code);
}

test("nodeNeeds: every form of import and require with a literal counts", () => {
  holds([
    ['import axios from "axios"', "axios"],
    ["import axios from 'axios';", "axios"],
    ['import * as a from "axios"', "axios"],
    ['import { a, b as c, default as d } from "axios"', "axios"],
    ['import { "a-b" as c } from "axios"', "axios"],
    ['import a, { b } from "axios"', "axios"],
    ['import a, * as b from "axios"', "axios"],
    ['import {\n  a, // one\n  b, /* two */\n} from "axios"', "axios"],
    ['import "axios"', "axios"],
    ['import {} from "axios"', "axios"],
    ['import from from "axios"', "axios"],
    ['import { from } from "axios"', "axios"],
    ['import a from "axios" with { type: "json" }; import b from "b"', "axios", "b"],
    ['import a from "axios" assert { type: "json" }', "axios"],
    ['import defer * as a from "axios"', "axios"],
    ['import source a from "axios"', "axios"],
    ['export * from "axios"', "axios"],
    ['export * as a from "axios"', "axios"],
    ['export { a, b as default } from "axios"', "axios"],
    ['export{default}from"axios"', "axios"],
    ['const a = require("axios")', "axios"],
    ["const a = require('axios')", "axios"],
    ["const a = require(`axios`)", "axios"],
    ['const a = require ( /* why */ "axios" )', "axios"],
    ['require("axios")("now")', "axios"],
    ['require("axios", 1)', "axios"],
    ['require?.("axios")', "axios"],
    ['module.require("axios")', "axios"],
    ['require.resolve("axios")', "axios"],
    ['require.resolve("axios", { paths: [] })', "axios"],
    ['import.meta.resolve("axios")', "axios"],
    ['const a = await import("axios")', "axios"],
    ["import('axios').then(use)", "axios"],
    ["import(`axios`)", "axios"],
    ['import(/* webpackChunkName: "x" */ "axios")', "axios"],
    ['import("axios", { with: { type: "json" } })', "axios"],
    ['import.source("axios")', "axios"],
    ['async function f() { for await (const x of (await import("axios")).all) use(x); }', "axios"],
    ['const all = [...require("axios")]', "axios"],
    ['new (require("axios"))()', "axios"],
    ['if (x) require("axios")', "axios"],
  ]);
});

test("packageOf: a package is the first part of a specifier, or two parts in a scope", () => {
  holds([
    ['require("lodash/fp")', "lodash"],
    ['require("lodash/fp/map.js"); require("lodash")', "lodash"],
    ['import "@scope/name"', "@scope/name"],
    ['import "@scope/name/sub/path.js"', "@scope/name"],
    ['require("axios/")', "axios"],
    ['require("buffer/")', "buffer"],
    ['require("JSONStream")', "JSONStream"],
    ['require("test")', "test"],
    ['require("lodash.merge"); require("@a/b.c"); require("socket.io")', "lodash.merge", "@a/b.c", "socket.io"],
    ['import "\\x61xios"', "axios"],
    ['import "\\u0061\\u{78}ios"', "axios"],
    ["require('ax\\\nios')", "axios"],
  ]);
});

test("nodeNeeds: built-in modules, paths, URLs and a package's own imports are no packages", () => {
  const specifiers = [
    "fs", "fs/promises", "node:fs", "node:test", "node:sqlite", ".", "..", "./a", "../a", ".\\\\a", "/abs/a", "C:\\\\a", "#internal",
    "file:///a.js", "data:text/javascript,1", "http://x/a.js", "https://x/a.js", "npm:axios", "jsr:@a/b",
  ];
  for (const specifier of specifiers) {
    holds([[`import "${specifier}"; require("${specifier}"); import("${specifier}")`]]);
  }
  const { requirements } = nodeNeeds('import "new"; import "old"', (specifier) => specifier === "new");
  assert.deepEqual(requirements, [{ name: "old" }], "the modules of another Node may be told");
  assert.equal(packageOf("@scope/a/b"), "@scope/a");
});

test("nodeNeeds: comments, strings, templates and regular expressions hold no imports", () => {
  holds([
    ['// require("a")'],
    ['/* import "a" */'],
    ['/*\n * import a from "a"\n */ require("b")', "b"],
    ['const s = \'require("a")\''],
    ['const s = "import a from \'a\'"'],
    ['const s = "\\"; require(\'a\'); \\""'],
    ['const s = \'one\\\nrequire("a")\''],
    ['const s = `require("a")`'],
    ['const s = `import a from "a"\nrequire("b")`'],
    ['const s = `\\${require("a")} \\` require("b")`'],
    ['const s = `x ${require("a")} import "b"`', "a"],
    ['const s = `x ${`y ${require("a")} require("b")`} ${{ c: require("c") }.c} require("d")`; require("e")', "a", "c", "e"],
    ['const s = `${a}${"}"}${require("a")}`', "a"],
    ['const s = `${/}/.test("`")}`; require("a")', "a"],
    ["const r = /require('a')/"],
    ["const r = /[/]require('a')/"],
    ["const r = /\\/require('a')/gu; require('b')", "b"],
    ["const r = /[\"'`]/; require('a')", "a"],
    ["const r = /\\[`/; require('a')", "a"],
    ['#!/usr/bin/env node require("a")\nrequire("b")', "b"],
    ['\uFEFF#!/usr/bin/env node\nrequire("b")', "b"],
    ["/// <reference types=\"a\" />\nrequire('b')", "b"],
    ["const html = '<script src=\"a\">'; // it's\nrequire('b')", "b"],
  ]);
});

test("nodeNeeds: a slash divides after a value and begins a regular expression elsewhere", () => {
  holds([
    ["a / b; require('x') / c", "x"],
    ["f(a) / require('x') / 2", "x"],
    ["a[0] / require('x') / 2", "x"],
    ["1 / require('x') / 2", "x"],
    ["`a` / require('x') / 2", "x"],
    ["a++ / require('x') / 2", "x"],
    ["x = {}\n/ require('x') / 2", "x"],
    ["x = { a: { b: 1 } } / require('x') / 2", "x"],
    ["o.return / require('x') / 2", "x"],
    ["o.if(a) / require('x') / 2", "x"],
    ["this / require('x') / 2", "x"],
    ["`${a / require('x') / 2}`", "x"],
    ["if (a) /'/.test(b); require('x')", "x"],
    ["while (a()) /'/.exec(b); require('x')", "x"],
    ["for (const a of /'/[Symbol.split](b)) require('x')", "x"],
    ["for await (const a of b) /'/.exec(a); require('x')", "x"],
    ["return /'/; require('x')", "x"],
    ["typeof /'/; require('x')", "x"],
    ["case /'/: require('x')", "x"],
    ["a = b\n{}\n/'/.test(c); require('x')", "x"],
    ["function f() {}\n/'/.test(c); require('x')", "x"],
    ["class A { b() {} }\n/'/.test(c); require('x')", "x"],
    ["switch (a) { case 1: { } /'/.test(c) } require('x')", "x"],
    ["const f = (a) => /'/.test(a); require('x')", "x"],
    ["x = a ? /'/ : /\"/; require('x')", "x"],
    ["x = a ? { b } / require('x') / 1 : 2", "x"],
    ["[/'/, /\"/, /`/].map(f); require('x')", "x"],
    ["!/'/.test(a) && require('x')", "x"],
    ["a = b / c; d = 'e/f'; require('x')", "x"],
  ]);
});

test("nodeNeeds: what only looks like an import is none", () => {
  holds([
    ['foo.import("a")'],
    ['foo.require("a"); foo?.require("b"); foo . require("c")'],
    ['this.#require("a"); this.#import("b")'],
    ['requires("a"); my_require("b"); $require("c"); requireé("d"); reimport("e")'],
    ['const o = { require: "a", import: "b", from: "c" }'],
    ['const o = { require(a) { return a }, import(b) {} }; class C { static import() {} require() {} }'],
    ['require(name); require("a" + name); require(`a/${name}`); import("a" + name); import(`a/${name}`)'],
    ["require; require.cache; require.main === module; require.resolve.paths(a)"],
    ["import.meta.url; import.meta.dirname"],
    ['const from = "a"; export { from }; const { x } = y'],
    ['export const a = "a"; export default "b"; export function from() { return "c" }'],
    ['export { a }\nconst from = "b"'],
    ["require`a`"],
    ['x = "import"; y = ["require", "a"]'],
  ]);
});

test("nodeNeeds: imports of types are left out, what TypeScript keeps at run time is not", () => {
  holds([
    ['import type A from "a"'],
    ['import type { A, B } from "a"'],
    ['import type * as A from "a"'],
    ['import type from from "a"'],
    ['import type A = require("a")'],
    ['export type { A } from "a"'],
    ['export type * from "a"; export type * as B from "b"'],
    ['type A = typeof import("a")'],
    ['export type A = { b: string }; require("c")', "c"],
    ['import type from "a"', "a"],
    ['import type, { b } from "a"', "a"],
    ['import { type A, b } from "a"', "a"],
    ['import a = require("a")', "a"],
    ['export import a = require("a")', "a"],
    ['import type = require("a")', "a"],
    ['const f = <T extends { a: string }>(x: T): Array<T> => { return require("a") as T[] }', "a"],
    ['interface A { a?: { b: string } }\n/\'/.test(b); require("c")', "c"],
    ['@decorate("a") class B { private c!: string = require("d")! }', "d"],
  ]);
});

test("nodeNeeds: minified code needs no spaces", () => {
  holds([
    ['import a from"axios";import{b}from"x";const c=require("y")', "axios", "x", "y"],
    ['import*as a from"a";import b,{c}from"b";export*from"c";export{d}from"d"', "a", "b", "c", "d"],
    ['!function(){var e=require("a"),t=e/2/require("b");return/"/.test(t)?import("c"):require("d")}()', "a", "b", "c", "d"],
    ['for(;;)/"/.test(a);var b=c?{d:1}/2:/`/;e=>{}\n/\'/.test(f);require("g")', "g"],
    ['import"a";import"b"\nimport"c"', "a", "b", "c"],
  ]);
});

test("nodeNeeds: broken code does not hide what comes before, and does not throw", () => {
  holds([
    ['require("a"); require("b'],
    ['require("a"); "'],
    ["require('a'); `${"],
    ["require('a'); /* "],
    ["require('a'); x = /["],
    ["require('a'); ) ] } }"],
    ["require('a'); import {"],
    ["require('a'); import("],
    ["require('a'); \\"],
    ['const s = "no end\nrequire("a")'],
    ["x = a /\nrequire('a')"],
  ].map(([code = ""]) => [code, "a"]));
});

test("nodeNeeds: a version follows in a comment after an import", () => {
  const cases: readonly (readonly [code: string, ...versions: (string | undefined)[]])[] = [
    ['import a from "a" // @^1.7', "^1.7"],
    ['const a = require("a"); // @1.2.3', "1.2.3"],
    ['const a = require("a") /* @latest */', "latest"],
    ['const a = await import("a") // @~1.2', "~1.2"],
    ['export * from "a" //@2', "2"],
    ['import a from "a" //   @2.x  ', "2.x"],
    ['import a from "a" // @>=1.2 <2', ">=1.2 <2"],
    ['import a from "a" // @1.0.0 - 2.0.0', "1.0.0 - 2.0.0"],
    ['import a from "a" // @^1 || ^2', "^1 || ^2"],
    ['import a from "a" // @* ', "*"],
    ['import a from "a" // @1.2.3-rc.1 until the next one is out', "1.2.3-rc.1"],
    ['import a from "a" // @next, or so'],
    ['import a from "a" // @beta has the fix', "beta"],
    ['import {\n  b,\n} from "a"; // @1', "1"],
    ['require(\n  "a"\n) // @1', "1"],
    ['app.use(require("a")()) // @1', "1"],
    ['import a from "a" with { type: "json" } // @1', "1"],
    ['import a from "a" // see @1'],
    ['import a from "a" // 1.2.3'],
    ['import a from "a" // @ 1.2.3'],
    ['import a from "a"\n// @1.2.3'],
    ['// @1.2.3\nimport a from "a"'],
    ['import /* @1.2.3 */ a from "a"'],
    ['import a from "a" // @ts-ignore'],
    ['import a from "a" // @ts-expect-error no types'],
    ['import a from "a" // @todo: drop'],
    ['import a from "a" /** @type {import("b")} */'],
    ['import a from "a"; import b from "b" // @1', undefined, "1"],
    ['import a from "a" /* @1 */; import b from "b" /* @2 */', "1", "2"],
    ['import a from "a" // @1\nimport b from "b"', "1", undefined],
    ['import a from "a"; import b from "./b" // @1', undefined],
    ['import a from "a"; import type b from "b" // @1', undefined],
    ['import a from "a"; const s = "// @1"', undefined],
    ['import a from "a" // @1\nimport b from "a/b" // @1\nimport "a"', "1"],
    ["const s = `${require('a') /* @1 */}`", "1"],
  ];
  for (const [code, ...versions] of cases) {
    const { requirements, problems } = nodeNeeds(code);
    assert.deepEqual(problems, [], code);
    assert.deepEqual(requirements.map(({ version }) => version), versions.length === 0 ? [undefined] : versions, code);
  }
});

test("nodeNeeds: a version that is none, and two that differ, are problems that name them", () => {
  const cases: readonly (readonly [code: string, problem: RegExp])[] = [
    ['import a from "a" // @https://example.com/a.tgz', /version of a in line 1.*"https:\/\/example\.com\/a\.tgz"/],
    ['import a from "a" // @git+ssh://git@x/y', /git/],
    ['import a from "a" // @npm:b@1', /"npm:b@1".*aliases/],
    ['import a from "a" // @user/repository', /"user\/repository"/],
    ['import a from "a" // @../b', /"\.\.\/b"/],
    ['import a from "a" // @.', /paths/],
    ['import a from "a" // @C:\\b', /paths/],
    ['import a from "a" // @file:b', /paths/],
    ['import a from "a" // @--registry=x', /"--registry=x".*begin with "-"/],
    ['import a from "a" // @1.2.3.4', /"1\.2\.3\.4".*neither/],
    ['import a from "a" // @^1.7;', /"\^1\.7;"/],
    ['import a from "a" // @1\nrequire("a/b") // @2', /asks for "1" and for "2"/],
    ['import a from "a" /* @1 */ // @2', /asks for "1" and for "2"/],
    ['import "my package"', /"my package".*spaces/],
    ['import "axios@1"', /"axios@1".*comment/],
    ['require("-rf")', /"-rf".*begin with "-"/],
    ['require("@scope")', /"@scope".*@scope\/name/],
    ['require("@/components/x")', /@scope\/name/],
    ['require("")', /empty/],
    ['require(".hidden")', /begin with "\."/],
  ];
  for (const [code, problem] of cases) {
    const { problems } = nodeNeeds(code);
    assert.equal(problems.length, 1, `${code}: ${problems.join(" | ")}`);
    assert.match(problems[0] ?? "", problem, code);
  }
  assert.deepEqual(nodeNeeds('import "good"; import "bad name"').requirements, [{ name: "good" }], "the others are still told");
});

test("nodeNeeds: a package is optional where no import of it is required", () => {
  const needs = (code: string) => nodeNeeds(code).requirements;
  const optional = (name: string) => ({ name, optional: true });
  assert.deepEqual(needs('try { require("a/b") } catch { require("c") } import("d").catch(log)'), ["a", "c", "d"].map(optional));
  assert.deepEqual(needs('try { require("a") } catch {} require("a/b"); if (c) require("d")'), [{ name: "a" }, optional("d")]);
  assert.deepEqual(needs('try { require("a") /* @1 */ } catch {}\nif (b) { require("a") }'), [{ name: "a", version: "1", optional: true }]);
});

test("nodeNeeds: a name that no package can have is a note where the code survives it", () => {
  const { requirements, problems, notes } = nodeNeeds('try { require("@/a"); require("b") } catch {}');
  assert.deepEqual([requirements, problems, notes.length], [[{ name: "b", optional: true }], [], 1]);
  assert.match(notes[0] ?? "", /"@\/a".*@scope\/name/);
  assert.equal(nodeNeeds('try { require("@/a") } catch {} require("@/a")').problems.length, 1);
});

test("nodeNeeds: hostile text is read in linear time", () => {
  const units = [
    "/", "`", "${", "'", '"', "`${", "/[", "=/[", "a/b/", "{", "}", "(", "((}}", "?:{", "x", "\\", "/*", "import ", "import{",
    "require(", "import(`", "import'a'/*@1*/", "\\u0061", " ", "é", "(require('a'),", "{require('a');", "[require,", "a=>",
    "x().then()", "x().then(a,b)", ".catch()", "require=>require('a'),", "if(a)", "let{", "try{require('a')", "((}}",
    "a&&require('a')||",
  ];
  for (const unit of units) {
    for (const lead of ["", "import {", 'import "x" //@']) {
      const code = lead + unit.repeat(1_000_000 / unit.length);
      const start = performance.now();
      nodeNeeds(code);
      const took = performance.now() - start;
      assert.ok(took < 4000, `${lead}${unit}…: ${took} ms for ${code.length} characters`);
    }
  }
});

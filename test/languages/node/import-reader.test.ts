import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { isEsModule, readImports } from "../../../runner/languages/node/import-reader.ts";
import { parsedImports } from "./typescript-imports.ts";

/** The specifiers of some code, with a question mark after those that it can do without. */
function importsOf(code: string): string[] {
  return readImports(code).map(({ specifier, isOptional }) => `${specifier}${isOptional ? "?" : ""}`);
}

/** Code and the imports in it, in order. */
type Case = readonly [code: string, ...imports: string[]];

function holds(cases: readonly Case[]): void {
  for (const [code, ...imports] of cases) assert.deepEqual(importsOf(code), imports, code);
}

test("readImports: each import has its line and the comments after it", () => {
  assert.deepEqual(readImports('`\n${1}\r\n`\n/*\n*/ import "a" // x\n"\\\n"; require("b")'), [
    { specifier: "a", line: 5, comments: [" x"], isOptional: false },
    { specifier: "b", line: 7, comments: [], isOptional: false },
  ]);
});

describe("readImports: an import is optional", () => {
  test("in a try block with a catch, and in the catch itself", () => holds([
    ['let fast; try { fast = require("a") } catch { fast = null }', "a?"],
    ['try { require("a") } catch (error) { require("b") } finally { require("c") } require("d")', "a?", "b?", "c", "d"],
    ['try { require("a") } finally { require("b") }', "a", "b"],
    ['try { try { require("a") } finally {} } catch {}', "a?"],
    ['try { await import("a") } catch {}', "a?"],
    ['try { require.resolve("a"); import.meta.resolve("b"); module.require("c") } catch {}', "a?", "b?", "c?"],
    ['try { all = ["x"].map(() => require("a")); if (b) { c({ d: [require("e")] }) } } catch {}', "a?", "e?"],
    ['function f() { try { return require("a") } catch { return undefined } }', "a?"],
    ['const f = async () => { try { return (await import("a")).default } catch {} }', "a?"],
    ['try\n{\n  require("a")\n}\ncatch\n{\n}\nrequire("b")', "a?", "b"],
    ['try { f(); } catch {} try { require("a") } finally {}', "a"],
    ['o.try = { a: require("a") }; o.catch({ b: require("b") })', "a", "b"],
    ['try { s = `${require("a")}` } catch {} s = `${require("b")}`', "a?", "b"],
    ["try { require('a') }", "a"],
  ]));

  test("in a dynamic import whose rejection is caught", () => holds([
    ['import("a").catch(() => null)', "a?"],
    ['const x = await import("a").catch(() => ({}))', "a?"],
    ['import("a").then(use).catch(log)', "a?"],
    ['import("a").then(use).finally(end).catch(log)', "a?"],
    ['import("a").then(use, log)', "a?"],
    ['import("a").then(use, log,)', "a?"],
    ['import("a").then((m) => m.default(1, 2), () => { /* none */ })', "a?"],
    ['import("a").then(use); import("b").finally(end); import("c")', "a", "b", "c"],
    ['import("a").then((m) => m(1, 2)); import("b").then(use,)', "a", "b"],
    ['import("a")\n  .then(use)\n  // why\n  .catch(log)\nimport("b")', "a?", "b"],
    ['import("a")?.catch?.(log)', "a"],
    ['(await import("a").catch(() => ({}))).default.catch(b)', "a?"],
    ['Promise.all([import("a"), import("b")]).then(use).catch(log)', "a?", "b?"],
    ['Promise.allSettled([import("a"), require("b"), f(() => require("c"))])', "a?", "b", "c?"],
    ['start().then(() => import("a")).catch(log)', "a?"],
    ['start().then(() => require("a")).then(() => { require("b") }).catch(log)', "a?", "b?"],
    ['start().catch(() => require("a"))', "a"],
    ['start().catch(() => import("a")).catch(log)', "a?"],
    ['load(import("a"), require("b")).catch(log)', "a?", "b"],
    ['require("a").get(url).catch(log)', "a"],
    ['const { get } = require("a"); get(url).then(show).catch(log)', "a"],
    ['import("a"), start().catch(log)', "a"],
    ['(async () => { require("a"); await import("b") })().catch(log)', "a", "b"],
    ['async function main() { require("a"); await import("b") } main().catch(log)', "a", "b"],
    ['o.catch(import("a")); catch_(import("b"))', "a", "b"],
  ]));

  test("under a branch", () => holds([
    ['if (a) require("b"); require("c")', "b?", "c"],
    ['if (a)\n  require("b")\nrequire("c")', "b?", "c"],
    ['if (a) b()\nelse require("c")\nrequire("d")', "c?", "d"],
    ['if (a) { require("b") } else if (require("c")) { require("d") } else { require("e") } require("f")', "b?", "c?", "d?", "e?", "f"],
    ['if (require("a")) b()\nrequire("c")', "a", "c"],
    ['if (a) if (b) require("c"); else require("d"); require("e")', "c?", "d?", "e"],
    ['if (a) for (const b of c) { require("d") } require("e")', "d?", "e"],
    ['if (a) return require("b"); const c = { d: require("e") }', "b?", "e"],
    ['if (a) b = { c: require("d") }\nrequire("e")', "d?", "e"],
    ['if (a) b()\n!function () { require("c") }()', "c"],
    ['x = a ? require("b") : require("c"), d = require("e")', "b?", "c?", "e"],
    ['x = a\n  ? require("b")\n  : require("c")\nconst y = require("d")', "b?", "c?", "d"],
    ['f(a ? require("b") : c, require("d"))', "b?", "d"],
    ['[a && require("b"), require("c")]; o = { d: a || require("d"), e: require("e") }', "b?", "c", "d?", "e"],
    ['a && require("b"); a || require("c"); a ?? require("d"); require("e") && f', "b?", "c?", "d?", "e"],
    ['a &&= require("b"); a ||= require("c"); a ??= require("d"); a = require("e")', "b?", "c?", "d?", "e"],
    ['a &&\n  require("b")\nrequire("c")', "b?", "c"],
    ['var a = b || require("c")\n  , d = require("e")', "c?", "e"],
    ['const a = typeof require === "function" && require("b")', "b?"],
    ['switch (require("a")) { case 1: require("b"); break; default: { require("c") } } require("d")', "a", "b?", "c?", "d"],
    ['if (a) { module.exports = () => { require("b") } }', "b?"],
    ['`${a ? require("b") : ""}${require("c")}`', "b?", "c"],
    ['a?.b(require("c")); a?.[require("d")]; x = 1 ? .5 : require("e"); require("f")', "c", "d", "e?", "f"],
    ['({ if: require("a"), else: require("b"), switch: require("c") }); o.if(x); require("d")', "a", "b", "c", "d"],
    ['({ try: { a: require("a") }, catch: require("b") }); require("c")', "a", "b", "c"],
  ]));

  test("but not in a function that is always there, in a loop, or where it is declared", () => holds([
    ['function f() { require("a") } const g = () => require("b"); class C { m() { require("c") } }', "a", "b", "c"],
    ['class C { static a = require("a"); static { require("b") } }', "a", "b"],
    ['for (const a of b) require("c"); while (a) { require("d") } do { require("e") } while (f)', "c", "d", "e"],
    ['if (process.argv.length > 9) process.exit(1)\nrequire("a")', "a"],
    ['if (!a) { b() }\nconst c = require("c")', "c"],
    ['try { b() } catch {}\nimport a from "a"; export * from "b"', "a", "b"],
  ]));
});

describe("readImports: a require that is not Node's is no import", () => {
  test("as a parameter", () => holds([
    ['(function (require, module, exports) { require("a"); module.require("b") })(r, m, e); require("c")', "c"],
    ['define(function (require) { require("a") }); define(["require", "b"], (require, b) => { require("c") })'],
    ['define((require) => require("a")); require("b")', "b"],
    ['const f = require => require("a"), g = require("b")', "b"],
    ['f(async (a, { require }) => require("b")); f(([require] = c) => { require("d") }); f(({ r: require }) => { require("e") })'],
    ['const o = { m(require) { require("a") }, get n() { return require("b") } }; class C { m(...require) { require("c") } }', "b"],
    ['function f(require: NodeRequire, b?: string): void { require("a") } require("b")', "b"],
    ['const f = (require: any): string => require("a"); require("b")', "b"],
    ['try {} catch (require) { require("a") } require("b")', "b"],
    ['f(require); f((require)); if (require) { require("a") } while (require) { require("b") }', "a?", "b"],
    ['(function (b) { if (typeof define === "function") define(["a"], b); else module.exports = b(require("a")) })((a) => a)', "a?"],
  ]));

  test("as a name that the code declares", () => holds([
    ['const require = (name) => name; require("a")'],
    ['require("a"); function require() {}'],
    ['require("a"); function* require() {}'],
    ['var a = 1, require = b; require("a")'],
    ['const { require } = b; require("a")'],
    ['let { c: [, require = 1] } = b; require("a")'],
    ['import require from "r"; require("a")', "r"],
    ['class require {} require("a")'],
    ['{ let require = b; require("a") } require("c")', "c"],
    ['{ var require = b } require("c")'],
    ['function f() { { var require = b } require("a") } require("c")', "c"],
    ['if (a) { function require() {} require("b") } require("c")', "c"],
    ['const module = b; module.require("a"); require("c")', "c"],
    ['const o = { require: b, module: c }; o.require("a"); require("d")', "d"],
    ['f({ require }); g({ require: 1 }); h([require]); require("a")', "a"],
  ]));

  test("unless createRequire has made it, or only its type is declared", () => holds([
    ['import { createRequire } from "node:module"; const require = createRequire(import.meta.url); require("a")', "node:module", "a"],
    ['import module from "module"; const require = module.createRequire(import.meta.url), b = require("b")', "module", "b"],
    ['const require = (await import("node:module")).createRequire("/"); require("a")', "node:module", "a"],
    ['let a = createRequire(b), require = c; require("d")'],
    ['declare const require: any; require("a")', "a"],
    ['declare function require(name: string): any; require("a")', "a"],
  ]));

  test("in what bundlers write", () => holds([
    // browserify
    [`(function(){function r(e,n,t){function o(i,f){if(!n[i]){if(!e[i]){var c="function"==typeof require&&require;
      if(!f&&c)return c(i,!0)}}}return o}return r})()(
      {1:[function(require,module,exports){var x=require("lodash");require("./b")},{"lodash":2}]},{},[1]);`],
    [`require=(function e(t,n,r){function s(o,u){var a=typeof require=="function"&&require}return s})(
      {"a":[function(require,module,exports){require("b")},{}]},{},[]);require("a")`],
    // webpack, for what is left out of the bundle
    [`/***/ 123: /***/ ((module, __unused_webpack_exports, __webpack_require__) => {
      "use strict"; module.exports = require("axios"); /***/ })`, "axios"],
    // esbuild, likewise
    [`var __commonJS = (cb, mod) => function __require() {
        return mod || (0, cb[Object.keys(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports; };
      var require_a = __commonJS({ "a.js"(exports, module) { module.exports = require("b") } }); require_a()`, "b"],
  ]));
});

test("isEsModule: what Node takes for an ES module by its syntax, and nothing else", () => {
  const modules = [
    'import "a"', 'import a from "a"', 'import * as a from "a"; module', 'import{a}from"a"', "import.meta.url",
    "function f() { return import.meta }", 'import a, { b } from "a"', 'import type, { b } from "a"', 'import defer * as a from "a"',
    "export {}", "export default 1", "export const a = 1", "export function f() {}", "export class A {}",
    "export async function f() {}", 'export * from "a"', 'export { a } from "a"', "const a = 1; export { a as default }", "await f()",
    "const a = await f()", "if (a) { await b }", "for await (const a of b) c(a)", "try { await a() } catch { await b }",
    "f(await a, [await b])", "switch (await a) { case 1: await b }", "`${await a}`", "while (a) await b\nc()",
    "#!/usr/bin/env node\nimport 'a'", "\uFEFFimport 'a'", "const { a } = await import('a')",
  ];
  const others = [
    "", "1", 'require("a")', 'import("a")', "async function f() { await a }", "const f = async () => await a",
    "const f = async () => { await a }", "f(async a => await b, 1)", "const o = { async m() { await a } }",
    "class C { async m() { await a } }", "async function f(): Promise<void> { await a }",
    "const f = async (): Promise<{ a: string }> => { await b }",
    "class C { private async m(a: string): Promise<string> { await a; return await b } }",
    "async function* f() { for await (const a of b) yield a }", "const await = 1; await; f(await)", "o.await(a); o.import; o.export",
    "o = { import: 1, export: 2, await: 3 }", "'import a from \"a\"'", "/import a from 'b'/", "// import 'a'", "`import 'a'`",
    'import type { A } from "a"; require("b")', 'export type A = string; require("a")', 'import a = require("a")', "export = a",
    "export interface A {}", "type A = typeof import('a')", "(async () => { await a })()",
    "module.exports = { async f() { return await a } }",
  ];
  for (const code of modules) assert.equal(isEsModule(code), true, code);
  for (const code of others) assert.equal(isEsModule(code), false, code);
});

test("readImports and isEsModule: as TypeScript's parser sees real files", () => {
  const root = join(import.meta.dirname, "../../..");
  const npm = join(dirname(process.execPath), "../lib/node_modules/npm");
  let [compared, optional] = [0, 0];
  for (const folder of [...["runner", "scripts", "test", "node_modules"].map((name) => join(root, name)), npm].filter(existsSync)) {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const file = join(folder, name);
      if (!/(?<!\.d)\.[cm]?[jt]s$/.test(name) || !statSync(file).isFile() || statSync(file).size > 400_000) continue;
      const code = readFileSync(file, "utf8");
      assert.deepEqual({ found: importsOf(code).sort(), isModule: isEsModule(code) }, parsedImports(code, file), file);
      compared += 1;
      optional += importsOf(code).filter((one) => one.endsWith("?")).length;
    }
  }
  assert.ok(compared > 200 && optional > 10, `only ${compared} files and ${optional} optional imports`);
});

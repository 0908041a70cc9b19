import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { createToolRunner } from "../../runner/process/tool.ts";
import { processTree } from "../../runner/process/tree.ts";
import { processLives } from "../support/process-lives.ts";

const runTool = createToolRunner({ tree: processTree(), killGraceMs: 500, markPrefix: `tool-test.${process.pid}.` });
const never = new AbortController().signal;

/** Runs code in a node; resolves with its exit code and the lines. */
async function run(code: string, { signal = never, onLine }: { signal?: AbortSignal; onLine?: (line: string) => void } = {}) {
  const lines: string[] = [];
  const take = (line: string) => {
    lines.push(line);
    onLine?.(line);
  };
  const tool = { file: process.execPath, args: ["-e", code], directory: tmpdir(), environment: process.env };
  const { code: exitCode } = await runTool({ ...tool, onLine: take, signal });
  return { exitCode, lines };
}

const X = "x".repeat(8192);
const outputs: readonly { what: string; code: string; lines: readonly string[] }[] = [
  { what: "of either stream", code: "console.log('a'); setTimeout(() => console.error('b'), 100)", lines: ["a", "b"] },
  { what: "the last one without a break", code: "process.stdout.write('a\\nb')", lines: ["a", "b"] },
  {
    what: "without colours and overwritten progress",
    code: "process.stdout.write('\\u001b[31mred\\u001b[0m\\r\\n10%\\r20%\\rdone\\n')", lines: ["red", "done"],
  },
  { what: "a very long one in parts", code: "process.stdout.write('x'.repeat(20000))", lines: [X, X, "x".repeat(3616)] },
];
for (const { what, code, lines } of outputs) {
  test(`runTool: output comes as lines, ${what}`, async () => assert.deepEqual(await run(code), { exitCode: 0, lines }));
}

test("runTool: the exit code is told", async () => assert.equal((await run("process.exit(7)")).exitCode, 7));

test("runTool: a program that is not there rejects with the system's reason", async () => {
  const missing = { file: "/nowhere/tool", args: [], directory: tmpdir(), environment: {} };
  await assert.rejects(runTool({ ...missing, onLine: () => {}, signal: never }), /ENOENT/);
});

test("runTool: a signal that is aborted already ends the tool at once", async () => {
  assert.equal((await run("setInterval(() => {}, 1000)", { signal: AbortSignal.abort() })).exitCode, null);
});

const skip = process.platform !== "linux" && "NOT TESTED: needs /proc";
const SLEEPER = "spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], ";

test("runTool: aborting ends what the tool has started, also what left its group", { skip }, async () => {
  const controller = new AbortController();
  const pids: number[] = [];
  const code = [
    "const { spawn } = require('child_process')",
    `for (const detached of [false, true]) console.log(${SLEEPER} { detached, stdio: 'ignore' }).pid)`,
    "setInterval(() => {}, 1000)",
  ].join("\n");
  const onLine = (line: string) => { if (pids.push(Number(line)) === 2) controller.abort(); };
  assert.equal((await run(code, { signal: controller.signal, onLine })).exitCode, null);
  assert.deepEqual(pids.map(processLives), [false, false]);
});

test("runTool: what a tool leaves running is ended with it", { skip }, async () => {
  const code = [
    "const { spawn } = require('child_process')",
    `const child = ${SLEEPER} { detached: true, stdio: 'inherit' })`,
    "console.log(child.pid); child.unref()",
  ].join("\n");
  assert.equal(processLives(Number((await run(code)).lines[0])), false);
});

import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { createToolRunner } from "../../runner/process/tool.ts";
import { processTree } from "../../runner/process/tree.ts";
import { processLives } from "../support/process-lives.ts";

const runTool = createToolRunner({ tree: processTree(), killGraceMs: 500, markPrefix: `tool-test.${process.pid}.` });

/** Runs code in a node; resolves with its exit code and the lines. */
async function run(code: string, signal = new AbortController().signal, onLine?: (line: string) => void) {
  const lines: string[] = [];
  const take = (line: string) => {
    lines.push(line);
    onLine?.(line);
  };
  const { code: exitCode } = await runTool({ file: process.execPath, args: ["-e", code], directory: tmpdir(), environment: process.env, onLine: take, signal });
  return { exitCode, lines };
}

const outputs: readonly { what: string; code: string; lines: readonly string[] }[] = [
  { what: "lines of either stream", code: "console.log('a'); setTimeout(() => console.error('b'), 100)", lines: ["a", "b"] },
  { what: "a last line without a break", code: "process.stdout.write('a\\nb')", lines: ["a", "b"] },
  { what: "no colours and no overwritten progress", code: "process.stdout.write('\\u001b[31mred\\u001b[0m\\r\\n10%\\r20%\\rdone\\n')", lines: ["red", "done"] },
  { what: "a very long line in parts", code: "process.stdout.write('x'.repeat(20000))", lines: ["x".repeat(8192), "x".repeat(8192), "x".repeat(3616)] },
];
for (const { what, code, lines } of outputs) {
  test(`a tool's output comes as lines: ${what}`, async () => {
    assert.deepEqual(await run(code), { exitCode: 0, lines });
  });
}

test("a tool's exit code is told", async () => {
  assert.equal((await run("process.exit(7)")).exitCode, 7);
});

test("a program that is not there rejects with the system's reason", async () => {
  await assert.rejects(runTool({ file: "/nowhere/tool", args: [], directory: tmpdir(), environment: {}, onLine: () => {}, signal: new AbortController().signal }), /ENOENT/);
});

const skip = process.platform !== "linux" && "NOT TESTED: needs /proc";

test("ending a tool ends what it has started, also what left its group", { skip }, async () => {
  const controller = new AbortController();
  const pids: number[] = [];
  const code = "const { spawn } = require('child_process'); for (const detached of [false, true]) console.log(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached, stdio: 'ignore' }).pid); setInterval(() => {}, 1000)";
  const { exitCode } = await run(code, controller.signal, (line) => { if (pids.push(Number(line)) === 2) controller.abort(); });
  assert.equal(exitCode, null);
  assert.deepEqual(pids.map(processLives), [false, false]);
});

test("what a tool leaves behind is ended when the tool has", { skip }, async () => {
  const { lines } = await run("const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'inherit' }); console.log(child.pid); child.unref()");
  assert.equal(processLives(Number(lines[0])), false);
});

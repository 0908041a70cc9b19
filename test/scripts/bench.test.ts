import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { test } from "node:test";
import { SERVICE } from "../../scripts/built-runner.ts";
import { inTurn, spreadOf } from "../../scripts/bench/measuring.ts";
import { toRow } from "../../scripts/bench/rows.ts";
import type { Row } from "../../scripts/bench/rows.ts";
import { atLeast, atMost } from "../../scripts/bench/wanted.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/service.ts";
import { until } from "../support/until.ts";

const ROOT = dirname(dirname(SERVICE));
const absent = "/no/such/interpreter";

/** The benchmark as `npm run bench` starts it, with node and a shell alone and a folder of its own for temporary files. */
function bench(t: TestContext, temporary: string, args: readonly string[]) {
  const env = { ...process.env, TMPDIR: temporary, TMP: temporary, TEMP: temporary, AUTOMN_RUNNER_PYTHON_PATH: absent, AUTOMN_RUNNER_POWERSHELL_PATH: absent };
  const child = spawn(process.execPath, ["--import", "tsx", "scripts/bench/main.ts", ...args], { cwd: ROOT, env });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => { said.stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text: string) => { said.stderr += text; });
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  afterwards(t, () => child.kill("SIGKILL"));
  return { said, ended, kill: (signal: NodeJS.Signals) => void child.kill(signal) };
}

/** What is left, the cache of the TypeScript loader apart. */
async function leftIn(temporary: string): Promise<string[]> {
  return (await readdir(temporary)).filter((name) => !name.startsWith("tsx-"));
}

test("a small run measures the built service, gives valid JSON and leaves nothing", { timeout: 180_000 }, async (t) => {
  const temporary = await temporaryDirectory(t);
  const { said, ended } = bench(t, temporary, ["--quick", "--json", "--only", "dispatch", "--only", "logs"]);
  assert.equal(await ended, 0, said.stderr);
  const { machine, quick, rows } = JSON.parse(said.stdout) as { machine: Record<string, string>; quick: boolean; rows: Row[] };
  assert.equal(quick, true);
  assert.match(machine["interpreters"] ?? "", /^node \d+\.\d+\.\d+, shell /);
  assert.deepEqual(rows.filter(({ part }) => part === "dispatch").map(({ what }) => what), ["node, warm", "node, cold", "shell, warm", "shell, cold"]);
  assert.ok(rows.some(({ part, unit }) => part === "logs" && unit === "MB/s"));
  for (const { what, ours, beside } of rows) {
    assert.ok(ours.median > 0 && ours.low <= ours.lower && ours.lower <= ours.median && ours.median <= ours.upper && ours.upper <= ours.high, what);
    assert.ok(beside !== undefined && beside.median > 0, what);
  }
  for (const { what, figure, wanted, reached } of rows.filter(({ part }) => part === "dispatch")) {
    assert.ok(figure !== undefined && Number.isFinite(figure.value), what);
    assert.deepEqual([typeof wanted, typeof reached], ["string", "boolean"], what);
  }
  assert.deepEqual(await leftIn(temporary), []);
});

test("an interruption ends everything", { timeout: 60_000 }, async (t) => {
  const temporary = await temporaryDirectory(t);
  const { said, ended, kill } = bench(t, temporary, ["--only", "sequence"]);
  await until(() => said.stderr.includes("runs of node"), "the first runs", 30_000);
  kill("SIGINT");
  assert.equal(await ended, 130, said.stderr);
  assert.deepEqual(await leftIn(temporary), []);
});

test("a part that there is not is refused by name", { timeout: 60_000 }, async (t) => {
  const { said, ended } = bench(t, await temporaryDirectory(t), ["--only", "dispatches"]);
  assert.equal(await ended, 2);
  assert.match(said.stderr, /wanted one of start-up, idle, dispatch, .*, found "dispatches"/);
});

test("samples are taken in turn, forwards and backwards, and those of the warm-up are thrown away", async () => {
  const order: string[] = [];
  const sampler = (name: string) => () => Promise.resolve(order.push(name));
  const taken = await inTurn({ a: sampler("a"), b: sampler("b") }, { warmUps: 1, rounds: 2 });
  assert.equal(order.join(""), "baabba");
  assert.deepEqual(taken, { a: [3, 6], b: [4, 5] });
});

test("a spread has the median and the quartiles, between two samples in proportion", () => {
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, low: 1, high: 4, lower: 1.75, upper: 3.25, samples: 4 });
});

test("a figure is held against its mark", () => {
  const beside = { name: "bare", samples: [10] };
  for (const [ours, kind, wanted, value, reached] of [
    [12, "ratio", atMost(1.2), 1.2, true],
    [13, "ratio", atMost(1.2), 1.3, false],
    [9, "ratio", atLeast(0.95), 0.9, false],
    [15, "difference", atMost(5, " ms"), 5, true],
  ] as const) {
    const row = toRow({ part: "p", what: "w", unit: "ms", ours: [ours], beside, kind, wanted });
    assert.deepEqual([row.figure, row.reached], [{ kind, value }, reached]);
  }
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { test } from "node:test";
import { SERVICE } from "../../scripts/built-runner.ts";
import { interleave, spreadOf } from "../../scripts/bench/sampling.ts";
import { toRow } from "../../scripts/bench/rows.ts";
import type { Row } from "../../scripts/bench/rows.ts";
import { atLeast, atMost } from "../../scripts/bench/targets.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/service.ts";
import { until } from "../support/until.ts";

const ROOT = dirname(dirname(SERVICE));
const absent = "/no/such/interpreter";

/** Starts the benchmark as `npm run bench` does, with Node and a shell only and its own temporary folder. */
function bench(t: TestContext, temporary: string, args: readonly string[]) {
  const folders = { TMPDIR: temporary, TMP: temporary, TEMP: temporary };
  const env = { ...process.env, ...folders, AUTOMN_RUNNER_PYTHON_PATH: absent, AUTOMN_RUNNER_POWERSHELL_PATH: absent };
  const child = spawn(process.execPath, ["--import", "tsx", "scripts/bench/main.ts", ...args], { cwd: ROOT, env });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => { output.stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text: string) => { output.stderr += text; });
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  afterwards(t, () => child.kill("SIGKILL"));
  return { output, ended, kill: (signal: NodeJS.Signals) => void child.kill(signal) };
}

/** The files in a folder, except the cache of the TypeScript loader. */
async function leftIn(temporary: string): Promise<string[]> {
  return (await readdir(temporary)).filter((name) => !name.startsWith("tsx-"));
}

test("bench --quick --json: measures the built service, prints valid JSON and cleans up", { timeout: 180_000 }, async (t) => {
  const temporary = await temporaryDirectory(t);
  const { output, ended } = bench(t, temporary, ["--quick", "--json", "--only", "dispatch", "--only", "logs"]);
  assert.equal(await ended, 0, output.stderr);
  const { machine, quick, rows } = JSON.parse(output.stdout) as { machine: Record<string, string>; quick: boolean; rows: Row[] };
  assert.equal(quick, true);
  assert.match(machine["interpreters"] ?? "", /^node \d+\.\d+\.\d+, shell /);
  const dispatched = rows.filter(({ part }) => part === "dispatch");
  assert.deepEqual(dispatched.map(({ what }) => what), ["node, warm", "node, cold", "shell, warm", "shell, cold"]);
  assert.ok(rows.some(({ part, unit }) => part === "logs" && unit === "MB/s"));
  for (const { what, ours, baseline } of rows) {
    const ascending = [ours.low, ours.lower, ours.median, ours.upper, ours.high];
    assert.ok(ours.median > 0, what);
    assert.deepEqual(ascending, [...ascending].sort((a, b) => a - b), what);
    assert.ok(baseline !== undefined && baseline.median > 0, what);
  }
  for (const { what, figure, target, reached } of dispatched) {
    assert.ok(figure !== undefined && Number.isFinite(figure.value), what);
    assert.deepEqual([typeof target, typeof reached], ["string", "boolean"], what);
  }
  assert.deepEqual(await leftIn(temporary), []);
});

test("bench: SIGINT ends everything and cleans up", { timeout: 60_000 }, async (t) => {
  const temporary = await temporaryDirectory(t);
  const { output, ended, kill } = bench(t, temporary, ["--only", "sequence"]);
  await until(() => output.stderr.includes("runs of node"), "the first runs", 30_000);
  kill("SIGINT");
  assert.equal(await ended, 130, output.stderr);
  assert.deepEqual(await leftIn(temporary), []);
});

test("bench --only: an unknown part is refused by name", { timeout: 60_000 }, async (t) => {
  const { output, ended } = bench(t, await temporaryDirectory(t), ["--only", "dispatches"]);
  assert.equal(await ended, 2);
  assert.match(output.stderr, /wanted one of start-up, idle, dispatch, .*, found "dispatches"/);
});

test("interleave: takes samples alternately, forwards and backwards, and discards those of the warm-up", async () => {
  const order: string[] = [];
  const sampler = (name: string) => () => Promise.resolve(order.push(name));
  const taken = await interleave({ a: sampler("a"), b: sampler("b") }, { warmUps: 1, rounds: 2 });
  assert.equal(order.join(""), "baabba");
  assert.deepEqual(taken, { a: [3, 6], b: [4, 5] });
});

test("spreadOf: gives the median and the quartiles, interpolated between two samples", () => {
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, low: 1, high: 4, lower: 1.75, upper: 3.25, samples: 4 });
});

test("toRow: compares the figure with its target", () => {
  const baseline = { name: "bare", samples: [10] };
  for (const [ours, kind, target, value, reached] of [
    [12, "ratio", atMost(1.2), 1.2, true],
    [13, "ratio", atMost(1.2), 1.3, false],
    [9, "ratio", atLeast(0.95), 0.9, false],
    [15, "difference", atMost(5, " ms"), 5, true],
  ] as const) {
    const row = toRow({ part: "p", what: "w", unit: "ms", ours: [ours], baseline, kind, target });
    assert.deepEqual([row.figure, row.reached], [{ kind, value }, reached]);
  }
});

// How the time of a run scales with concurrency, input and log entries. It should be linear, so the time per unit is shown.
import { closeSync, openSync } from "node:fs";
import type { BenchContext, Part } from "./part.ts";
import { BARE_SPAWN } from "./part.ts";
import { atOnce } from "./burst.ts";
import { bodyOf } from "./connection.ts";
import type { Runner } from "./harness.ts";
import { endOf } from "./interpreters.ts";
import type { Interpreter } from "./interpreters.ts";
import { interleave, spreadOf, timed } from "./sampling.ts";
import { toRow } from "./rows.ts";
import type { Row } from "./rows.ts";
import { MANY_ENTRIES } from "./targets.ts";

const MB = 1e6;
const MAX_BODY_BYTES = 512 * 1024 * 1024;

/** Time per run, per MB of input and per 1,000 log entries. */
export const growth: Part = {
  name: "growth",
  about: "time per unit with more concurrency, larger inputs and more log entries",
  async *measure(bench) {
    const node = bench.interpreters.find(({ name }) => name === "node");
    if (node === undefined) return;
    const runner = await bench.harness.startRunner({ AUTOMN_RUNNER_MAX_BODY_BYTES: String(MAX_BODY_BYTES) });
    yield* byConcurrency(bench, runner, node);
    yield* byInput(bench, runner, node);
    yield* byEntries(bench, runner);
    await runner.stop();
  },
};

async function* byConcurrency({ sizes, progress }: BenchContext, runner: Runner, node: Interpreter): AsyncGenerator<Row> {
  for (const size of sizes.concurrency) {
    progress(`${size} at once`);
    const rounds = { warmUps: 1, rounds: Math.ceil(sizes.rounds / 2), withinMs: sizes.withinMs };
    const { ours, bare } = await atOnce(runner, node, size, rounds);
    const each = (ms: number): number => ms / size;
    yield toRow({
      part: "growth", what: `node, ${size} at once`, unit: "ms per run",
      ours: ours.map(each), baseline: { name: BARE_SPAWN, samples: bare.map(each) },
    });
  }
}

/** The script parses its input, so all of it is read. The bare one gets it on standard input. */
async function* byInput({ harness, sizes, progress }: BenchContext, runner: Runner, node: Interpreter): AsyncGenerator<Row> {
  const connection = await runner.connect();
  const script = await harness.write("parse-input.js", "JSON.parse(require('node:fs').readFileSync(0, 'utf8')).items.length\n");
  for (const megabytes of sizes.inputMegabytes) {
    progress(`${megabytes} MB of input`);
    const items = itemsOf(megabytes * MB);
    const file = await harness.write(`input-${megabytes}.json`, JSON.stringify({ items }));
    const body = bodyOf({ language: "node", code: "AutomnInput.items.length\n", input: { items } });
    const empty = bodyOf({ language: "node", code: "AutomnInput.items.length\n", input: { items: [] } });
    const times = await interleave({
      ours: async () => (await connection.send(body)).ms,
      empty: async () => (await connection.send(empty)).ms,
      bare: () => timed(() => withInput(file, (fd) => endOf(harness, node.file, [script], fd))),
    }, { warmUps: 1, rounds: Math.min(sizes.rounds, 10), withinMs: sizes.withinMs });
    yield toRow({
      part: "growth", what: `${megabytes} MB of input, there and back`, unit: "ms per MB",
      note: "above an empty one; bare: read and parsed",
      ours: above(times.ours, times.empty, megabytes), baseline: { name: BARE_SPAWN, samples: times.bare.map((ms) => ms / megabytes) },
    });
  }
  connection.close();
}

/** Items of 100 bytes of JSON each. */
function itemsOf(bytes: number): object[] {
  return Array.from({ length: Math.round(bytes / 100) }, (_, n) => ({ n, text: "x".repeat(100 - 16 - String(n).length) }));
}

async function withInput(file: string, use: (fd: number) => Promise<void>): Promise<void> {
  const fd = openSync(file, "r");
  try {
    await use(fd);
  } finally {
    closeSync(fd);
  }
}

async function* byEntries({ sizes, progress }: BenchContext, runner: Runner): AsyncGenerator<Row> {
  const connection = await runner.connect();
  const loop = (count: number, statement: string): Buffer => {
    return bodyOf({ language: "node", code: `for (let n = 0; n < ${count}; n++) ${statement};\n`, id: "bench-entries" });
  };
  for (const count of sizes.entries) {
    progress(`${count} log entries`);
    const entries = loop(count, "AutomnLog('copied a report to the archive', 'info', { n })");
    const entry = "{ message: 'copied a report to the archive', level: 'info', context: { n }, type: 'general' }";
    const lines = loop(count, `console.log(JSON.stringify(${entry}))`);
    const none = loop(0, "");
    const times = await interleave({
      entries: async () => (await connection.send(entries)).ms,
      lines: async () => (await connection.send(lines)).ms,
      none: async () => (await connection.send(none)).ms,
    }, { warmUps: 1, rounds: Math.min(sizes.rounds, 10), withinMs: sizes.withinMs });
    const thousands = count / 1000;
    const number = count.toLocaleString("en");
    yield toRow({
      part: "growth", what: `${number} log entries`, unit: "ms per 1,000", note: "above a run with none",
      ours: above(times.entries, times.none, thousands), kind: "value",
    });
    yield toRow({
      part: "growth", what: `${number} log entries, whole run`, unit: "ms",
      ours: times.entries, baseline: { name: "as plain lines", samples: times.lines },
      target: count >= 100_000 ? MANY_ENTRIES : undefined,
    });
  }
  connection.close();
}

/** How far each sample lies above the median of `without`, per unit. */
function above(samples: readonly number[], without: readonly number[], units: number): number[] {
  const { median } = spreadOf(without);
  return samples.map((ms) => (ms - median) / units);
}

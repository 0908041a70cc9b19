// How the time of a run grows with what it is given: it should grow in proportion, so time per unit is shown.
import { closeSync, openSync } from "node:fs";
import type { Bench, Part } from "./bench.ts";
import { BARE } from "./bench.ts";
import { atOnce } from "./burst.ts";
import { bodyOf } from "./connection.ts";
import type { Runner } from "./harness.ts";
import { endOf } from "./interpreters.ts";
import type { Interpreter } from "./interpreters.ts";
import { inTurn, spreadOf, timed } from "./measuring.ts";
import { toRow } from "./rows.ts";
import type { Row } from "./rows.ts";
import { MANY_ENTRIES } from "./wanted.ts";

const MB = 1e6;
const MOST_BODY_BYTES = 512 * 1024 * 1024;

/** Concurrency, input and log entries. */
export const growth: Part = {
  name: "growth",
  about: "more at once, larger inputs, more log entries: time per unit",
  async *measure(bench) {
    const node = bench.interpreters.find(({ name }) => name === "node");
    if (node === undefined) return;
    const runner = await bench.harness.startRunner({ AUTOMN_RUNNER_MAX_BODY_BYTES: String(MOST_BODY_BYTES) });
    yield* byConcurrency(bench, runner, node);
    yield* byInput(bench, runner, node);
    yield* byEntries(bench, runner);
    await runner.stop();
  },
};

async function* byConcurrency({ sizes, say }: Bench, runner: Runner, node: Interpreter): AsyncGenerator<Row> {
  for (const size of sizes.concurrency) {
    say(`${size} at once`);
    const { ours, bare } = await atOnce(runner, node, size, { warmUps: 1, rounds: Math.ceil(sizes.rounds / 2), withinMs: sizes.withinMs });
    const each = (ms: number): number => ms / size;
    yield toRow({ part: "growth", what: `node, ${size} at once`, unit: "ms per run", ours: ours.map(each), beside: { name: BARE, samples: bare.map(each) } });
  }
}

/** The script takes its input apart, so that it is read to its end; a bare one finds it on standard input. */
async function* byInput({ harness, sizes, say }: Bench, runner: Runner, node: Interpreter): AsyncGenerator<Row> {
  const connection = await runner.connect();
  const script = await harness.write("takes-input.js", "JSON.parse(require('node:fs').readFileSync(0, 'utf8')).items.length\n");
  for (const megabytes of sizes.inputMegabytes) {
    say(`${megabytes} MB of input`);
    const items = Array.from({ length: Math.round((megabytes * MB) / 100) }, (_, n) => ({ n, text: "x".repeat(100 - 16 - String(n).length) }));
    const file = await harness.write(`input-${megabytes}.json`, JSON.stringify({ items }));
    const body = bodyOf({ language: "node", code: "AutomnInput.items.length\n", input: { items } });
    const empty = bodyOf({ language: "node", code: "AutomnInput.items.length\n", input: { items: [] } });
    const times = await inTurn({
      ours: async () => (await connection.send(body)).ms,
      empty: async () => (await connection.send(empty)).ms,
      bare: () => timed(() => withInput(file, (fd) => endOf(harness, node.file, [script], fd))),
    }, { warmUps: 1, rounds: Math.min(sizes.rounds, 10), withinMs: sizes.withinMs });
    yield toRow({
      part: "growth", what: `${megabytes} MB of input, there and back`, unit: "ms per MB", note: "above an empty one; bare: read and parsed",
      ours: above(times.ours, times.empty, megabytes), beside: { name: BARE, samples: times.bare.map((ms) => ms / megabytes) },
    });
  }
  connection.close();
}

async function withInput(file: string, use: (fd: number) => Promise<void>): Promise<void> {
  const fd = openSync(file, "r");
  try {
    await use(fd);
  } finally {
    closeSync(fd);
  }
}

async function* byEntries({ sizes, say }: Bench, runner: Runner): AsyncGenerator<Row> {
  const connection = await runner.connect();
  const loop = (count: number, statement: string): Buffer => bodyOf({ language: "node", code: `for (let n = 0; n < ${count}; n++) ${statement};\n`, id: "bench-entries" });
  for (const count of sizes.entries) {
    say(`${count} log entries`);
    const entries = loop(count, "AutomnLog('copied a report to the archive', 'info', { n })");
    const lines = loop(count, "console.log(JSON.stringify({ message: 'copied a report to the archive', level: 'info', context: { n }, type: 'general' }))");
    const none = loop(0, "");
    const times = await inTurn({
      entries: async () => (await connection.send(entries)).ms,
      lines: async () => (await connection.send(lines)).ms,
      none: async () => (await connection.send(none)).ms,
    }, { warmUps: 1, rounds: Math.min(sizes.rounds, 10), withinMs: sizes.withinMs });
    const thousands = count / 1000;
    const number = count.toLocaleString("en");
    yield toRow({ part: "growth", what: `${number} log entries`, unit: "ms per 1,000", ours: above(times.entries, times.none, thousands), kind: "value", note: "above a run with none" });
    yield toRow({
      part: "growth", what: `${number} log entries, whole run`, unit: "ms", ours: times.entries, beside: { name: "as plain lines", samples: times.lines },
      wanted: count >= 100_000 ? MANY_ENTRIES : undefined,
    });
  }
  connection.close();
}

/** What is above the middle of the runs without, per unit. */
function above(samples: readonly number[], without: readonly number[], units: number): number[] {
  const { median } = spreadOf(without);
  return samples.map((ms) => (ms - median) / units);
}

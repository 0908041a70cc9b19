import assert from "node:assert/strict";
import { test } from "node:test";
import { READ_DELAY_MS, ReadCoalescer } from "../../runner/process/read-coalescing.ts";

/** A chunk: so many milliseconds after the one before, of which stream, of how many bytes. */
interface Chunk {
  readonly after: number;
  readonly stream: string;
  readonly bytes: number;
}

function burst(count: number, { after = 0.5, stream = "out", bytes = 20 } = {}): Chunk[] {
  return Array.from({ length: count }, () => ({ after, stream, bytes }));
}

/** A letter for each chunk: `d` where reading is delayed after it, `-` where it is not. */
function delays(chunks: readonly Chunk[]): string {
  let at = 1000;
  const coalescer = new ReadCoalescer(() => at);
  return chunks.map(({ after, stream, bytes }) => {
    at += after;
    return coalescer.shouldDelay(stream, bytes) ? "d" : "-";
  }).join("");
}

const NO_BURST = "-".repeat(16);
const LARGE = 32 * 1024;

interface Case {
  readonly what: string;
  readonly chunks: readonly Chunk[];
  readonly wanted: string;
}

const CASES: readonly Case[] = [
  { what: "a lone chunk is no burst", chunks: burst(1), wanted: "-" },
  { what: "sixteen small chunks in a row are no burst, each one after them is", chunks: burst(20), wanted: `${NO_BURST}dddd` },
  { what: "chunks that come all at once are a burst", chunks: burst(18, { after: 0 }), wanted: `${NO_BURST}dd` },
  { what: "chunks 4 ms apart are a burst", chunks: burst(18, { after: 4 }), wanted: `${NO_BURST}dd` },
  { what: "chunks more than 4 ms apart are no burst, however many", chunks: burst(40, { after: 4.5 }), wanted: "-".repeat(40) },
  {
    what: "a burst is counted anew after a silence",
    chunks: [...burst(18), ...burst(1, { after: 5 }), ...burst(16)], wanted: `${NO_BURST}dd${NO_BURST}d`,
  },
  {
    what: "a silence just before the burst would begin keeps it from beginning",
    chunks: [...burst(16), ...burst(1, { after: 5 }), ...burst(15)], wanted: NO_BURST + NO_BURST,
  },
  { what: "a burst goes on after a delay", chunks: [...burst(17), ...burst(3, { after: READ_DELAY_MS })], wanted: `${NO_BURST}dddd` },
  { what: "chunks just below 32 KiB can be a burst", chunks: burst(18, { bytes: LARGE - 1 }), wanted: `${NO_BURST}dd` },
  { what: "chunks of 32 KiB are no burst", chunks: burst(40, { bytes: LARGE }), wanted: "-".repeat(40) },
  {
    what: "large chunks among small ones are not delayed, and do not count",
    chunks: [...burst(10), ...burst(10, { bytes: 60_000 }), ...burst(8)], wanted: `${"-".repeat(26)}dd`,
  },
  {
    what: "a large chunk does not end a burst of small ones",
    chunks: [...burst(17), ...burst(1, { bytes: 60_000 }), ...burst(2)], wanted: `${NO_BURST}d-dd`,
  },
  {
    what: "a large chunk after a silence does",
    chunks: [...burst(17), ...burst(1, { bytes: 60_000, after: 5 }), ...burst(2)], wanted: `${NO_BURST}d---`,
  },
  {
    what: "two streams that take turns are no burst",
    chunks: Array.from({ length: 40 }, (_, index) => burst(1, { stream: index % 2 === 0 ? "out" : "err" })).flat(), wanted: "-".repeat(40),
  },
  {
    what: "a burst is counted anew after a single chunk of the other stream",
    chunks: [...burst(18), ...burst(1, { stream: "err" }), ...burst(17)], wanted: `${NO_BURST}dd-${NO_BURST}d`,
  },
  {
    what: "a burst is counted anew after a large chunk of the other stream",
    chunks: [...burst(18), ...burst(1, { stream: "err", bytes: 60_000 }), ...burst(17)], wanted: `${NO_BURST}dd-${NO_BURST}d`,
  },
  {
    what: "the other stream can have a burst once it is alone",
    chunks: [...burst(18), ...burst(18, { stream: "err" })], wanted: `${NO_BURST}dd${NO_BURST}dd`,
  },
];

for (const { what, chunks, wanted } of CASES) test(`ReadCoalescer: ${what}`, () => assert.equal(delays(chunks), wanted));

test("ReadCoalescer: the streams of two processes know nothing of each other", () => {
  const [one, other] = [new ReadCoalescer(() => 0), new ReadCoalescer(() => 0)];
  for (let count = 0; count < 16; count += 1) assert.deepEqual([one.shouldDelay("out", 1), other.shouldDelay("out", 1)], [false, false]);
  assert.deepEqual([one.shouldDelay("out", 1), one.shouldDelay("out", 1), other.shouldDelay("out", 1)], [true, true, true]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createReadCoalescing, READ_DELAY_MS } from "../../runner/process/read-coalescing.ts";

/** A chunk: so many milliseconds behind the one before, of which stream, of how many bytes. */
interface Chunk {
  readonly after: number;
  readonly stream: string;
  readonly bytes: number;
}

const burst = (count: number, { after = 0.5, stream = "out", bytes = 20 } = {}): Chunk[] => Array.from({ length: count }, () => ({ after, stream, bytes }));

/** A letter for each chunk: `r` for one that is followed by a rest, `-` for one that is not. */
function verdicts(chunks: readonly Chunk[]): string {
  let at = 1000;
  const shouldDelay = createReadCoalescing(() => at);
  return chunks.map(({ after, stream, bytes }) => {
    at += after;
    return shouldDelay(stream, bytes) ? "r" : "-";
  }).join("");
}

const CALM = "-".repeat(16);

const CASES: readonly { readonly what: string; readonly chunks: readonly Chunk[]; readonly wanted: string }[] = [
  { what: "a lone chunk is no haste", chunks: burst(1), wanted: "-" },
  { what: "sixteen small chunks in a row are no haste, each one behind them is", chunks: burst(20), wanted: `${CALM}rrrr` },
  { what: "chunks that come all at once are haste", chunks: burst(18, { after: 0 }), wanted: `${CALM}rr` },
  { what: "chunks 4 ms apart are haste", chunks: burst(18, { after: 4 }), wanted: `${CALM}rr` },
  { what: "chunks more than 4 ms apart are no haste, however many", chunks: burst(40, { after: 4.5 }), wanted: "-".repeat(40) },
  { what: "haste begins anew behind a silence", chunks: [...burst(18), ...burst(1, { after: 5 }), ...burst(16)], wanted: `${CALM}rr${CALM}r` },
  { what: "a silence just before there would be haste keeps it from being", chunks: [...burst(16), ...burst(1, { after: 5 }), ...burst(15)], wanted: CALM + CALM },
  { what: "haste goes on behind a rest", chunks: [...burst(17), ...burst(3, { after: READ_DELAY_MS })], wanted: `${CALM}rrrr` },
  { what: "chunks just below 32 KiB can be haste", chunks: burst(18, { bytes: 32 * 1024 - 1 }), wanted: `${CALM}rr` },
  { what: "chunks of 32 KiB are no haste", chunks: burst(40, { bytes: 32 * 1024 }), wanted: "-".repeat(40) },
  { what: "large chunks among small ones are no haste, and do not count", chunks: [...burst(10), ...burst(10, { bytes: 60_000 }), ...burst(8)], wanted: `${"-".repeat(26)}rr` },
  { what: "a large chunk does not end the haste of small ones", chunks: [...burst(17), ...burst(1, { bytes: 60_000 }), ...burst(2)], wanted: `${CALM}r-rr` },
  { what: "a large chunk behind a silence does", chunks: [...burst(17), ...burst(1, { bytes: 60_000, after: 5 }), ...burst(2)], wanted: `${CALM}r---` },
  { what: "two streams that take turns are in no haste", chunks: Array.from({ length: 40 }, (_, index) => burst(1, { stream: index % 2 === 0 ? "out" : "err" })).flat(), wanted: "-".repeat(40) },
  { what: "haste begins anew behind a single chunk of the other stream", chunks: [...burst(18), ...burst(1, { stream: "err" }), ...burst(17)], wanted: `${CALM}rr-${CALM}r` },
  { what: "haste begins anew behind a large chunk of the other stream", chunks: [...burst(18), ...burst(1, { stream: "err", bytes: 60_000 }), ...burst(17)], wanted: `${CALM}rr-${CALM}r` },
  { what: "the other stream can be in haste once it is alone", chunks: [...burst(18), ...burst(18, { stream: "err" })], wanted: `${CALM}rr${CALM}rr` },
];

for (const { what, chunks, wanted } of CASES) test(what, () => assert.equal(verdicts(chunks), wanted));

test("the paces of two processes know nothing of each other", () => {
  const [one, other] = [createReadCoalescing(() => 0), createReadCoalescing(() => 0)];
  for (let count = 0; count < 16; count += 1) assert.deepEqual([one("out", 1), other("out", 1)], [false, false]);
  assert.deepEqual([one("out", 1), one("out", 1), other("out", 1)], [true, true, true]);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { backOffMs } from "../../runner/registration/back-off.ts";

describe("the back-off", () => {
  const longest: readonly [failures: number, heartbeatMs: number, ms: number][] = [
    [1, 60_000, 1000], [2, 60_000, 2000], [3, 60_000, 4000], [5, 60_000, 16_000], [6, 60_000, 30_000],
    [60, 60_000, 30_000], [5000, 60_000, 30_000],
    [5, 10_000, 10_000], [1, 500, 500], [3, 0, 4000], [9, 0, 30_000],
  ];
  for (const [failures, heartbeatMs, ms] of longest)
    it(`is from 0 to ${ms} ms after ${failures} failures with a heartbeat of ${heartbeatMs} ms`, () => {
    assert.equal(backOffMs(failures, heartbeatMs, () => 1), ms);
    assert.equal(backOffMs(failures, heartbeatMs, () => 0.5), ms / 2);
    assert.equal(backOffMs(failures, heartbeatMs, () => 0), 0);
  });
  it("is a whole number of milliseconds and random", () => {
    const waits = Array.from({ length: 200 }, () => backOffMs(6, 60_000));
    assert.ok(waits.every((wait) => Number.isInteger(wait) && wait >= 0 && wait <= 30_000));
    assert.ok(new Set(waits).size > 100);
  });
});

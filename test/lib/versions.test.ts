import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareNumbers, compareVersions } from "../../runner/lib/versions.ts";

describe("compareVersions", () => {
  const ordered: readonly [string, string, number][] = [
    ["0.2.0", "0.2.0", 0], ["0.2.0", "0.2.1", -1], ["0.2.15", "0.2.2", 1], ["0.3.0", "0.2.16", 1], ["1.0.0", "0.99.99", 1], ["v0.2.0", "0.2.0", 0], [" 0.2.0 ", "0.2.0", 0],
    ["0.2", "0.2.0", 0], ["0.2.0-beta.1", "0.2.0", 0], ["", "0.0.0", 0], ["x.y.z", "0.0.0", 0], ["0.2.0.9", "0.2.0", 0], ["20.11.0", "20.9.0", 1], ["999.0.0", "24.4.1", 1],
  ];
  for (const [a, b, sign] of ordered) it(`orders ${JSON.stringify(a)} and ${JSON.stringify(b)} as ${sign}`, () => {
    assert.equal(Math.sign(compareVersions(a, b)), sign);
    assert.equal(Math.sign(compareVersions(b, a)), sign === 0 ? 0 : -sign);
  });
});

describe("compareNumbers", () => {
  const ordered: readonly [number[], number[], number][] = [[[], [], 0], [[1], [1, 0, 0], 0], [[1, 2], [1, 10], -1], [[2], [1, 9, 9, 9], 1], [[1, 0, 0, 1], [1], 1]];
  for (const [a, b, sign] of ordered) it(`orders ${a.join(".")} and ${b.join(".")} as ${sign}`, () => {
    assert.equal(Math.sign(compareNumbers(a, b)), sign);
    assert.equal(Math.sign(compareNumbers(b, a)), sign === 0 ? 0 : -sign);
  });
});

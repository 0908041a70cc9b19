import assert from "node:assert/strict";
import { test } from "node:test";
import { editDistance, nearestName } from "../../runner/config/nearest-name.ts";

const DISTANCES: readonly (readonly [a: string, b: string, distance: number])[] = [
  ["", "", 0], ["same", "same", 0], ["", "abc", 3], ["cat", "cart", 1], ["cart", "cat", 1], ["cat", "car", 1], ["SECERT", "SECRET", 2],
  ["kitten", "sitting", 3],
];
for (const [a, b, distance] of DISTANCES) {
  test(`editDistance: ${JSON.stringify(a)} and ${JSON.stringify(b)} are ${distance} apart`, () => {
    assert.equal(editDistance(a, b), distance);
  });
}

test("nearestName: the closest name, and the first of several that are equally close", () => {
  assert.equal(nearestName("PROT", ["SECRET", "PORT", "BIND"]), "PORT");
  assert.equal(nearestName("AB", ["AX", "AY"]), "AX");
});

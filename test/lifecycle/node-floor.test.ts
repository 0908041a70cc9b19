import assert from "node:assert/strict";
import { test } from "node:test";
import { floorProblem, NODE_FLOOR } from "../../runner/lifecycle/node-floor.ts";

for (const version of [NODE_FLOOR, "20.11.1", "20.12.0", "20.20.2", "21.0.0", "22.0.0", "24.4.1", "100.0.0", "22.0.0-nightly20240506"]) {
  test(`floorProblem: Node ${version} is supported`, () => assert.equal(floorProblem(version), undefined));
}

for (const version of ["20.10.9", "20.0.0", "20.9.0", "18.20.4", "16.0.0", "8.17.0", "0.12.18"]) {
  test(`floorProblem: Node ${version} is too old`, () => {
    assert.equal(floorProblem(version), `The Automn runner needs Node.js ${NODE_FLOOR} or newer, this is ${version}.`);
  });
}

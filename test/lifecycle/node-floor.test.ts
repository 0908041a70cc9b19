import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { floorProblem, NODE_FLOOR } from "../../runner/lifecycle/node-floor.ts";

describe("the oldest Node", () => {
  for (const version of [NODE_FLOOR, "20.11.1", "20.12.0", "20.20.2", "21.0.0", "22.0.0", "24.4.1", "100.0.0", "22.0.0-nightly20240506"]) it(`may be ${version}`, () => assert.equal(floorProblem(version), undefined));
  for (const version of ["20.10.9", "20.0.0", "20.9.0", "18.20.4", "16.0.0", "8.17.0", "0.12.18"]) it(`may not be ${version}`, () =>
    assert.equal(floorProblem(version), `The Automn runner needs Node.js ${NODE_FLOOR} or newer, this is ${version}.`));
});

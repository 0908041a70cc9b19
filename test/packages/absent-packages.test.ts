import assert from "node:assert/strict";
import { test } from "node:test";
import { requirement } from "../../runner/languages/requirement.ts";
import { AbsentPackages } from "../../runner/packages/absent-packages.ts";

const spec = (...requirements: ReturnType<typeof requirement>[]) => ({ language: "node", requirements, runtime: "node20", platform: "linux-x64" });
const a = requirement("a", "^1", true);
const whole = spec(a, requirement("b"));

test("AbsentPackages: an optional package is left out for an hour", () => {
  let now = 0;
  const absent = new AbsentPackages(() => now);
  absent.add("one", whole, ["a"]);
  for (now of [0, 3_599_999]) assert.deepEqual(absent.without("one", whole).requirements, [requirement("b")]);
  now = 3_600_000;
  assert.equal(absent.without("one", whole), whole);
});

test("AbsentPackages: what it knows is about one script, runtime and version, and only about what is optional", () => {
  const absent = new AbsentPackages(() => 0);
  absent.add("one", whole, ["a", "b"]);
  for (const [home, wanted] of [
    ["two", whole], ["one", { ...whole, runtime: "node22" }], ["one", { ...whole, platform: "linux-arm64" }],
    ["one", spec(requirement("a", "^2", true))], ["one", spec(requirement("a", "^1"))], ["one", spec(requirement("b"))],
  ] as const) assert.equal(absent.without(home, wanted), wanted);
  assert.deepEqual(absent.without("one", spec(a)).requirements, []);
});

test("AbsentPackages: the oldest are forgotten when there are too many", () => {
  const absent = new AbsentPackages(() => 0);
  for (let script = 0; script <= 10_000; script++) absent.add(`s${script}`, whole, ["a"]);
  assert.equal(absent.without("s0", whole), whole);
  assert.notEqual(absent.without("s1", whole), whole);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describe as tell, Failure, messageOf } from "../../runner/lib/failure.ts";
import type { FailureCode } from "../../runner/lib/failure.ts";

const STATUS: Readonly<Record<FailureCode, number>> = {
  "bad-request": 400, unauthorized: 401, forbidden: 403, "not-found": 404, "method-not-allowed": 405, conflict: 409,
  "too-large": 413, "unsupported-media": 415, busy: 429, internal: 500, unavailable: 503,
};

describe("a failure", () => {
  for (const [code, status] of Object.entries(STATUS)) it(`of code ${code} answers with ${status}`, () => assert.equal(new Failure(code as FailureCode, "x").status, status));

  it("is an error with a message and headers for the answer", () => {
    const failure = new Failure("busy", "All slots are taken", { "retry-after": "1" });
    assert.ok(failure instanceof Error);
    assert.deepEqual([failure.name, failure.message, failure.headers], ["Failure", "All slots are taken", { "retry-after": "1" }]);
    assert.deepEqual(new Failure("internal", "x").headers, {});
  });
});

describe("a value in a message", () => {
  const cases: readonly [unknown, string][] = [
    [undefined, "nothing"], [null, "null"], ["abc", '"abc"'], ["", '""'], [5, "5"], [true, "true"], [[], "an array"], [{}, "an object"], [Number.NaN, "null"],
    ["a\nb\u001b", '"a\\nb\\u001b"'],
  ];
  for (const [value, text] of cases) it(`is told as ${text}`, () => assert.equal(tell(value), text));

  it("is at most 80 characters", () => assert.ok(tell("x".repeat(1000)).length <= 80));
});

describe("a thrown thing's message", () => {
  for (const [thrown, message] of [[new Error("m"), "m"], ["text", "text"], [undefined, "undefined"], [null, "null"], [{ message: "x" }, "[object Object]"]] as const)
    it(`is ${message}`, () => assert.equal(messageOf(thrown), message));
});

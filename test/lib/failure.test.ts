import assert from "node:assert/strict";
import { test } from "node:test";
import { describe, Failure, messageOf } from "../../runner/lib/failure.ts";
import type { FailureCode } from "../../runner/lib/failure.ts";

const STATUS: Readonly<Record<FailureCode, number>> = {
  "bad-request": 400, unauthorized: 401, forbidden: 403, "not-found": 404, "method-not-allowed": 405, conflict: 409,
  "too-large": 413, "unsupported-media": 415, busy: 429, internal: 500, unavailable: 503,
};
for (const [code, status] of Object.entries(STATUS)) {
  test(`Failure: ${code} has status ${status}`, () => assert.equal(new Failure(code as FailureCode, "x").status, status));
}

test("Failure: it is an error with a message, and with headers for the answer", () => {
  const failure = new Failure("busy", "All slots are taken", { "retry-after": "1" });
  assert.ok(failure instanceof Error);
  assert.deepEqual([failure.name, failure.message, failure.headers], ["Failure", "All slots are taken", { "retry-after": "1" }]);
  assert.deepEqual(new Failure("internal", "x").headers, {});
});

const VALUES: readonly (readonly [value: unknown, text: string])[] = [
  [undefined, "nothing"], [null, "null"], ["abc", '"abc"'], ["", '""'], [5, "5"], [true, "true"], [[], "an array"], [{}, "an object"],
  [Number.NaN, "null"], ["a\nb\u001b", '"a\\nb\\u001b"'],
];
for (const [value, text] of VALUES) test(`describe: ${text}`, () => assert.equal(describe(value), text));

test("describe: at most 80 characters", () => assert.ok(describe("x".repeat(1000)).length <= 80));

const THROWN: readonly (readonly [thrown: unknown, message: string])[] = [
  [new Error("m"), "m"], ["text", "text"], [undefined, "undefined"], [null, "null"], [{ message: "x" }, "[object Object]"],
];
for (const [thrown, message] of THROWN) {
  test(`messageOf: ${message}, whatever was thrown`, () => assert.equal(messageOf(thrown), message));
}

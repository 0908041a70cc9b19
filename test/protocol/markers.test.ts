import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MARKERS, MAX_NOTIFICATIONS, toLogEntry, toNotification } from "../../runner/protocol/markers.ts";

const AT = "2024-05-06T07:08:09.000Z";

describe("toLogEntry", () => {
  const levels: readonly [unknown, string][] = [
    ["info", "info"], ["warn", "warn"], ["warning", "warn"], ["error", "error"], ["success", "success"], ["debug", "debug"],
    [" WARNING ", "warn"], ["Error", "error"], ["\tDeBuG\n", "debug"], ["fatal", "info"], ["", "info"], [null, "info"], [undefined, "info"],
    [3, "info"], [["error"], "info"], [{}, "info"], ["__proto__", "info"], ["constructor", "info"], ["errors", "info"],
  ];
  for (const [level, read] of levels) it(`has level ${read} for ${JSON.stringify(level)}`, () => assert.equal(toLogEntry({ message: "m", level }, 0, AT).level, read));

  const types: readonly [object, string][] = [
    [{ type: " Billing " }, "billing"], [{ category: "AUDIT" }, "audit"], [{ type: "a", category: "b" }, "a"], [{ type: "  ", category: "b" }, "b"],
    [{ type: 5, category: "b" }, "b"], [{}, "general"], [{ type: null }, "general"], [{ type: ["a"] }, "general"],
  ];
  for (const [fields, type] of types) it(`has type ${type} for ${JSON.stringify(fields)}`, () => assert.equal(toLogEntry(fields, 0, AT).type, type));

  const contexts: readonly [unknown, object][] = [
    [undefined, {}], [null, {}], [{}, {}], [{ a: 1 }, { a: 1 }], [[1, 2], { value: [1, 2] }], ["x", { value: "x" }], [0, { value: 0 }], [false, { value: false }], ["", { value: "" }],
  ];
  for (const [context, read] of contexts) it(`has context ${JSON.stringify(read)} for ${JSON.stringify(context)}`, () => assert.deepEqual(toLogEntry({ context }, 0, AT).context, read));

  const messages: readonly [unknown, string][] = [
    [{ message: "m" }, "m"], [{ message: "" }, ""], [{ message: 5 }, "5"], [{ message: null }, "null"], [{ message: { a: 1 } }, '{"a":1}'], [{ message: [1] }, "[1]"], [{ message: true }, "true"],
    [{}, ""], ["text", "text"], [7, "7"], [null, "null"], [[1, 2], "[1,2]"], [false, "false"],
  ];
  for (const [payload, message] of messages) it(`has message ${JSON.stringify(message)} for ${JSON.stringify(payload)}`, () =>
    assert.deepEqual(toLogEntry(payload, 3, AT), { message, level: "info", type: "general", context: {}, order: 3, timestamp: AT }));

  it("does not reach a prototype through its names", () => {
    const entry = toLogEntry(JSON.parse('{"message":"m","__proto__":{"level":"error","type":"x"},"context":{"__proto__":{"a":1}}}'), 0, AT);
    assert.equal(entry.level, "info");
    assert.equal(entry.type, "general");
    assert.equal(JSON.stringify(entry.context), '{"__proto__":{"a":1}}');
    assert.equal((entry.context as Record<string, unknown>)["a"], undefined);
  });
});

describe("toNotification", () => {
  const audiences: readonly [object, string | null][] = [
    [{ audience: " ops " }, "ops"], [{ target: "t" }, "t"], [{ user: "u" }, "u"], [{ scope: "s" }, "s"], [{ audience: "a", target: "t", user: "u", scope: "s" }, "a"],
    [{ audience: null, target: "", user: "u" }, "u"], [{ audience: 12 }, null], [{}, null], [{ audience: "   " }, null], [{ audience: null }, null],
    [{ audience: "x".repeat(300) }, "x".repeat(256)], [{ audience: "x".repeat(256) }, "x".repeat(256)], [{ audience: ["a", "b"] }, null], [{ audience: { role: "admin" } }, null], [{ audience: true }, null], [{ audience: ["a"], target: "t" }, null],
  ];
  for (const [fields, audience] of audiences) it(`has audience ${String(audience).slice(0, 20)} for ${JSON.stringify(fields).slice(0, 60)}`, () =>
    assert.equal(toNotification(fields, 0, AT).audience, audience));

  const messages: readonly [unknown, string][] = [
    [{ message: "m" }, "m"], [{ text: "t" }, "t"], [{ message: "m", text: "t" }, "m"], [{ message: null, text: "t" }, "t"], [{}, ""], [{ message: 5 }, "5"], [{ message: { a: 1 } }, '{"a":1}'],
    ["bare", "bare"], [4, "4"], [{ message: "y".repeat(2001) }, "y".repeat(2000)], [{ message: "y".repeat(2000) }, "y".repeat(2000)],
  ];
  for (const [payload, message] of messages) it(`has a message of ${message.length} characters for ${JSON.stringify(payload).slice(0, 40)}`, () => assert.equal(toNotification(payload, 0, AT).message, message));

  const levels: readonly [unknown, string][] = [["info", "info"], ["warn", "warn"], ["Warning", "warn"], [" ERROR ", "error"], ["success", "info"], ["debug", "info"], [1, "info"], [undefined, "info"]];
  for (const [level, read] of levels) it(`has level ${read} for ${JSON.stringify(level)}`, () => assert.equal(toNotification({ level }, 0, AT).level, read));

  const types: readonly [object, string][] = [
    [{ type: "error" }, "error"], [{ level: "", type: "warn" }, "warn"], [{ level: "info", type: "error" }, "info"], [{ level: "odd", type: "error" }, "info"],
  ];
  for (const [fields, level] of types) it(`has level ${level} for ${JSON.stringify(fields)}`, () => assert.equal(toNotification(fields, 0, AT).level, level));

  it("keeps the payload itself in raw", () => {
    const payload = { audience: "a", text: "t", extra: [1] };
    assert.deepEqual(toNotification(payload, 9, AT), { order: 9, audience: "a", message: "t", level: "info", raw: payload, timestamp: AT });
    assert.deepEqual(toNotification([1], 0, AT).raw, [1]);
  });

  it("cuts between characters, never inside one", () => {
    const { message, audience } = toNotification({ audience: `${"x".repeat(255)}😀`, message: `${"y".repeat(1999)}😀` }, 0, AT);
    assert.ok(!/\p{Cs}/u.test(message) && message.length <= 2000);
    assert.ok(audience !== null && !/\p{Cs}/u.test(audience) && audience.length <= 256);
  });
});

describe("MARKERS", () => {
  it("are those of the protocol", () => {
    assert.deepEqual(MARKERS, { return: "__SCRIPTRETURN__", log: "__SCRIPTLOG__", notify: "__SCRIPTNOTIFY__" });
    assert.equal(MAX_NOTIFICATIONS, 50);
  });
});

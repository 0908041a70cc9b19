import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_NOTIFICATIONS } from "../../runner/protocol/markers.ts";
import { MAX_LOG_ENTRIES, StructuredOutput } from "../../runner/output/structured-output.ts";

const now = () => new Date("2024-05-06T07:08:09Z");

function collect() {
  let returns = 0;
  const structured = new StructuredOutput({ onReturn: () => { returns += 1; }, now });
  return { structured, returns: () => returns };
}

describe("a returned value", () => {
  const values: readonly [string, unknown][] = [
    ["1", 1], ["null", null], ["{}", {}], ['"text"', "text"], ["[1,2]", [1, 2]], [" { \"a\" : 1 } ", { a: 1 }], ["false", false], ["-0.5e3", -500], ['"\\ud83d\\ude00"', "😀"],
  ];
  for (const [payload, value] of values) it(`is read from ${payload}`, () => {
    const { structured, returns } = collect();
    assert.equal(structured.returned, undefined);
    assert.equal(structured.take("return", payload), true);
    assert.deepEqual(structured.returned, { value });
    assert.equal(returns(), 1);
  });

  for (const payload of ["", "{", "undefined", "NaN", "'a'", "1 2", "{'a':1}", "\u0000"]) it(`that is no JSON (${JSON.stringify(payload)}) is null with the reason, and taken`, () => {
    const { structured, returns } = collect();
    assert.equal(structured.take("return", payload), true);
    assert.equal(structured.returned?.value, null);
    assert.match(structured.returned?.problem ?? "", /^Bad return JSON: ./);
    assert.equal(returns(), 1);
  });

  it("is the first one, also where that could not be read", () => {
    for (const [first, value] of [["1", 1], ["oops", null]] as const) {
      const { structured, returns } = collect();
      assert.equal(structured.take("return", first), true);
      assert.equal(structured.take("return", "2"), true);
      structured.takeOversized();
      assert.equal(structured.returned?.value, value);
      assert.equal(returns(), 1);
    }
  });

  it("that is too large is null with the reason", () => {
    const { structured, returns } = collect();
    structured.takeOversized();
    assert.deepEqual(structured.returned, { value: null, problem: "Bad return JSON: it is larger than the 16 MiB that a return may have" });
    assert.equal(returns(), 1);
  });

  it("keeps the name __proto__ as a name", () => {
    const { structured } = collect();
    structured.take("return", '{"__proto__":{"a":1}}');
    assert.equal(JSON.stringify(structured.returned?.value), '{"__proto__":{"a":1}}');
  });
});

describe("log entries", () => {
  it("are counted from 0 and dated", () => {
    const { structured } = collect();
    assert.equal(structured.take("log", '{"message":"a","level":"warning"}'), true);
    assert.equal(structured.take("log", '"b"'), true);
    assert.deepEqual(structured.logs, [
      { message: "a", level: "warn", type: "general", context: {}, order: 0, timestamp: "2024-05-06T07:08:09.000Z" },
      { message: "b", level: "info", type: "general", context: {}, order: 1, timestamp: "2024-05-06T07:08:09.000Z" },
    ]);
  });

  it("that are no JSON stay in the output", () => {
    const { structured } = collect();
    for (const payload of ["", "{", "oops", '{"message":}']) assert.equal(structured.take("log", payload), false);
    assert.deepEqual(structured.logs, []);
  });

  it("beyond what a result carries are counted, and taken all the same", () => {
    const { structured } = collect();
    for (let i = 0; i < MAX_LOG_ENTRIES + 5; i++) assert.equal(structured.take("log", "{}"), true);
    assert.equal(structured.logs.length, MAX_LOG_ENTRIES);
    assert.equal(structured.logsDropped, 5);
  });
});

describe("notifications", () => {
  it("are fifty at most, later ones stay in the output", () => {
    const { structured } = collect();
    for (let i = 0; i < MAX_NOTIFICATIONS; i++) assert.equal(structured.take("notify", `{"message":"${i}"}`), true);
    assert.equal(structured.take("notify", '{"message":"one more"}'), false);
    assert.deepEqual(structured.notifications.map(({ order }) => order), Array.from({ length: 50 }, (_, i) => i));
  });

  it("that are no JSON stay in the output and do not count", () => {
    const { structured } = collect();
    assert.equal(structured.take("notify", "oops"), false);
    assert.equal(structured.take("notify", '"fine"'), true);
    assert.deepEqual(structured.notifications, [{ order: 0, audience: null, message: "fine", level: "info", raw: "fine", timestamp: "2024-05-06T07:08:09.000Z" }]);
  });
});

describe("a payload nested deeper than JSON can be written again", () => {
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  for (const depth of [20_000, 200_000]) {
    it(`as a return (${depth} levels) is a bad return`, () => {
      const { structured } = collect();
      assert.equal(structured.take("return", nested(depth)), true);
      assert.doesNotThrow(() => JSON.stringify(structured.returned));
      assert.match(structured.returned?.problem ?? "", /^Bad return JSON: /);
    });
    for (const kind of ["log", "notify"] as const) it(`as a ${kind} (${depth} levels) stays in the output`, () => {
      const { structured } = collect();
      for (const payload of [nested(depth), `{"message":${nested(depth)}}`, `{"context":${nested(depth)}}`, `{"audience":${nested(depth)}}`, `{"message":"m","extra":${nested(depth)}}`])
        assert.equal(structured.take(kind, payload), false);
      assert.doesNotThrow(() => JSON.stringify([structured.logs, structured.notifications]));
    });
  }
  it("is told from one that is merely deep", () => {
    const { structured } = collect();
    structured.take("return", nested(500));
    assert.equal(JSON.stringify(structured.returned?.value), nested(500));
  });
});

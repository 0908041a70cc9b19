import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_NOTIFICATIONS } from "../../runner/contract/markers.ts";
import { createFindings, MAX_LOG_ENTRIES } from "../../runner/output/findings.ts";

const now = () => new Date("2024-05-06T07:08:09Z");

function collect() {
  let returns = 0;
  const findings = createFindings(() => { returns += 1; }, undefined, now);
  return { findings, returns: () => returns };
}

describe("a returned value", () => {
  const values: readonly [string, unknown][] = [
    ["1", 1], ["null", null], ["{}", {}], ['"text"', "text"], ["[1,2]", [1, 2]], [" { \"a\" : 1 } ", { a: 1 }], ["false", false], ["-0.5e3", -500], ['"\\ud83d\\ude00"', "😀"],
  ];
  for (const [payload, value] of values) it(`is read from ${payload}`, () => {
    const { findings, returns } = collect();
    assert.equal(findings.returned, undefined);
    assert.equal(findings.take("return", payload), true);
    assert.deepEqual(findings.returned, { value });
    assert.equal(returns(), 1);
  });

  for (const payload of ["", "{", "undefined", "NaN", "'a'", "1 2", "{'a':1}", "\u0000"]) it(`that is no JSON (${JSON.stringify(payload)}) is null with the reason, and taken`, () => {
    const { findings, returns } = collect();
    assert.equal(findings.take("return", payload), true);
    assert.equal(findings.returned?.value, null);
    assert.match(findings.returned?.problem ?? "", /^Bad return JSON: ./);
    assert.equal(returns(), 1);
  });

  it("is the first one, also where that could not be read", () => {
    for (const [first, value] of [["1", 1], ["oops", null]] as const) {
      const { findings, returns } = collect();
      assert.equal(findings.take("return", first), true);
      assert.equal(findings.take("return", "2"), true);
      findings.takeOversized();
      assert.equal(findings.returned?.value, value);
      assert.equal(returns(), 1);
    }
  });

  it("that is too large is null with the reason", () => {
    const { findings, returns } = collect();
    findings.takeOversized();
    assert.deepEqual(findings.returned, { value: null, problem: "Bad return JSON: it is larger than the 16 MiB that a return may have" });
    assert.equal(returns(), 1);
  });

  it("keeps the name __proto__ as a name", () => {
    const { findings } = collect();
    findings.take("return", '{"__proto__":{"a":1}}');
    assert.equal(JSON.stringify(findings.returned?.value), '{"__proto__":{"a":1}}');
  });
});

describe("log entries", () => {
  it("are counted from 0 and dated", () => {
    const { findings } = collect();
    assert.equal(findings.take("log", '{"message":"a","level":"warning"}'), true);
    assert.equal(findings.take("log", '"b"'), true);
    assert.deepEqual(findings.logs, [
      { message: "a", level: "warn", type: "general", context: {}, order: 0, timestamp: "2024-05-06T07:08:09.000Z" },
      { message: "b", level: "info", type: "general", context: {}, order: 1, timestamp: "2024-05-06T07:08:09.000Z" },
    ]);
  });

  it("that are no JSON stay in the output", () => {
    const { findings } = collect();
    for (const payload of ["", "{", "oops", '{"message":}']) assert.equal(findings.take("log", payload), false);
    assert.deepEqual(findings.logs, []);
  });

  it("beyond what a result carries are counted, and taken all the same", () => {
    const { findings } = collect();
    for (let i = 0; i < MAX_LOG_ENTRIES + 5; i++) assert.equal(findings.take("log", "{}"), true);
    assert.equal(findings.logs.length, MAX_LOG_ENTRIES);
    assert.equal(findings.logsDropped, 5);
  });
});

describe("notifications", () => {
  it("are fifty at most, later ones stay in the output", () => {
    const { findings } = collect();
    for (let i = 0; i < MAX_NOTIFICATIONS; i++) assert.equal(findings.take("notify", `{"message":"${i}"}`), true);
    assert.equal(findings.take("notify", '{"message":"one more"}'), false);
    assert.deepEqual(findings.notifications.map(({ order }) => order), Array.from({ length: 50 }, (_, i) => i));
  });

  it("that are no JSON stay in the output and do not count", () => {
    const { findings } = collect();
    assert.equal(findings.take("notify", "oops"), false);
    assert.equal(findings.take("notify", '"fine"'), true);
    assert.deepEqual(findings.notifications, [{ order: 0, audience: null, message: "fine", level: "info", raw: "fine", timestamp: "2024-05-06T07:08:09.000Z" }]);
  });
});

describe("a payload nested deeper than JSON can be written again", () => {
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  for (const depth of [20_000, 200_000]) {
    it(`as a return (${depth} levels) is a bad return`, () => {
      const { findings } = collect();
      assert.equal(findings.take("return", nested(depth)), true);
      assert.doesNotThrow(() => JSON.stringify(findings.returned));
      assert.match(findings.returned?.problem ?? "", /^Bad return JSON: /);
    });
    for (const kind of ["log", "notify"] as const) it(`as a ${kind} (${depth} levels) stays in the output`, () => {
      const { findings } = collect();
      for (const payload of [nested(depth), `{"message":${nested(depth)}}`, `{"context":${nested(depth)}}`, `{"audience":${nested(depth)}}`, `{"message":"m","extra":${nested(depth)}}`])
        assert.equal(findings.take(kind, payload), false);
      assert.doesNotThrow(() => JSON.stringify([findings.logs, findings.notifications]));
    });
  }
  it("is told from one that is merely deep", () => {
    const { findings } = collect();
    findings.take("return", nested(500));
    assert.equal(JSON.stringify(findings.returned?.value), nested(500));
  });
});

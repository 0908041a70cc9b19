import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../../runner/lib/failure.ts";
import { MAX_RUN_ID, parseRunRequest } from "../../runner/protocol/job.ts";

const SCRIPT = { language: "shell", code: "echo" };
const job = (script: object = {}, rest: object = {}): unknown => ({ script: { ...SCRIPT, ...script }, ...rest });
/** As it comes off the wire, where `__proto__` is a name like any other. */
const wire = (text: string): unknown => JSON.parse(text);

function refusal(body: unknown): string {
  try {
    parseRunRequest(body);
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, "bad-request");
    assert.equal(error.status, 400);
    return error.message;
  }
  return assert.fail("was taken");
}

describe("parseRunRequest", () => {
  it("returns plain data with everything that a run depends on", () => {
    const request = parseRunRequest({
      runId: "r-1",
      reqBody: { a: 1 },
      script: {
        id: 17, name: "Nightly", endpoint: "nightly", versionId: "v9", language: " Python ", code: "print(1)\n", timeout: 1.5,
        preassignedRunId: "other", run_token: "hook", variables: [{ envName: "AUTOMN_VAR_A", value: "x", extra: true }],
        triggeredBy: "schedule", triggeredByUserId: 3, jobContext: { http: "POST" }, unheardOf: [1, 2],
      },
    });
    assert.deepEqual(request, {
      runId: "r-1",
      input: { a: 1 },
      script: {
        id: "17", label: "Nightly", versionId: "v9", language: " Python ", code: "print(1)\n", timeoutMs: 1500, runToken: "hook",
        variables: [{ name: "AUTOMN_VAR_A", value: "x" }],
        trigger: { by: "schedule", userId: "3", context: { http: "POST" } },
      },
    });
  });

  it("requires only language and code", () => {
    assert.deepEqual(parseRunRequest(job()), { input: {}, script: { label: "unnamed", language: "shell", code: "echo", variables: [], trigger: {} } });
  });

  const refused: readonly [string, unknown, RegExp][] = [
    ["nothing", undefined, /wanted a JSON object, found nothing/],
    ["null", null, /found null/],
    ["a text", "job", /found "job"/],
    ["a number", 7, /found 7/],
    ["an array", [], /found an array/],
    ["no script", {}, /script: wanted an object, found nothing/],
    ["a null script", { script: null }, /script: wanted an object, found null/],
    ["an array as script", { script: [SCRIPT] }, /script: wanted an object, found an array/],
    ["a text as script", { script: "echo" }, /script: wanted an object, found "echo"/],
    ["no code", { script: { language: "shell" } }, /script\.code: wanted text, found nothing/],
    ["null as code", job({ code: null }), /script\.code: .*found null/],
    ["a number as code", job({ code: 5 }), /script\.code: .*found 5/],
    ["an array as code", job({ code: ["echo"] }), /script\.code: .*found an array/],
    ["no language", { script: { code: "" } }, /script\.language: wanted text, found nothing/],
    ["an object as language", job({ language: {} }), /script\.language: .*found an object/],
    ["a run id that is an object", job({}, { runId: {} }), /runId: wanted text, found an object/],
    ["a run id that is true", job({}, { runId: true }), /runId: wanted text, found true/],
    ["a run id that is too long", job({}, { runId: "x".repeat(MAX_RUN_ID + 1) }), /runId: wanted at most 256 characters, found 257/],
    ["a preassigned run id that is an array", job({ preassignedRunId: [] }), /preassignedRunId: .*found an array/],
    ["a script id that is an object", job({ id: { a: 1 } }), /script\.id: .*found an object/],
    ["a script id that is too long", job({ id: "x".repeat(5000) }), /script\.id: wanted at most 256/],
    ["variables that are an object", job({ variables: { A: "1" } }), /script\.variables: wanted an array, found an object/],
    ["variables that are a text", job({ variables: "A=1" }), /script\.variables: wanted an array, found "A=1"/],
    ["a variable that is a text", job({ variables: [{ envName: "A", value: "" }, "B=1"] }), /script\.variables\[1\]: wanted \{envName, value\}, found "B=1"/],
    ["a variable that is null", job({ variables: [null] }), /script\.variables\[0\]: .*found null/],
    ["a variable without a name", job({ variables: [{ value: "x" }] }), /script\.variables\[0\]: .*found envName nothing/],
    ["a variable whose name is a number", job({ variables: [{ envName: 5, value: "x" }] }), /script\.variables\[0\]: .*found envName 5/],
  ];
  for (const [name, body, message] of refused) it(`is refused with the field and the value seen: ${name}`, () => assert.match(refusal(body), message));

  it("refuses without quoting what may be long or secret", () => {
    const long = refusal(job({}, { runId: [`${"x".repeat(10_000)}`] }));
    assert.ok(long.length < 200, long);
    assert.ok(refusal(`"${"x".repeat(10_000)}`).length < 200);
    assert.doesNotMatch(refusal(job({ variables: [{ value: "hunter2-hunter2" }] })), /hunter2/);
  });

  const runIds: readonly [string, object, object, string | undefined][] = [
    ["the job's own", {}, { runId: "a" }, "a"],
    ["a number spelled out", {}, { runId: 42 }, "42"],
    ["zero spelled out", {}, { runId: 0 }, "0"],
    ["the preassigned one where the job has none", { preassignedRunId: "p" }, {}, "p"],
    ["the preassigned one where the job's is null", { preassignedRunId: "p" }, { runId: null }, "p"],
    ["the preassigned one where the job's is empty", { preassignedRunId: "p" }, { runId: "" }, "p"],
    ["the preassigned one where the job's is blank", { preassignedRunId: "p" }, { runId: "  " }, "p"],
    ["the job's before the preassigned", { preassignedRunId: "p" }, { runId: "a" }, "a"],
    ["none", {}, {}, undefined],
    ["what looks like a path, as data", {}, { runId: "../../etc/passwd" }, "../../etc/passwd"],
    ["a prototype's name, as data", {}, { runId: "__proto__" }, "__proto__"],
    ["the longest that is accepted", {}, { runId: "x".repeat(MAX_RUN_ID) }, "x".repeat(MAX_RUN_ID)],
  ];
  for (const [name, script, rest, id] of runIds) it(`names its run: ${name.slice(0, 60)}`, () => assert.equal(parseRunRequest(job(script, rest)).runId, id));

  const limits: readonly [unknown, number | undefined][] = [
    [undefined, undefined], [null, undefined], [0, undefined], ["0", undefined], [-1, undefined], ["-5", undefined], [-0.001, undefined],
    [5, 5000], ["5", 5000], [" 5 ", 5000], [0.25, 250], ["0.25", 250], [1.0004, 1000], [0.0001, 1], ["1e1", 10_000], [1e-9, 1],
    ["", undefined], ["   ", undefined], ["soon", undefined], ["5 s", undefined], [Number.NaN, undefined], [Number.POSITIVE_INFINITY, undefined], ["Infinity", undefined], ["1e400", undefined],
    [true, undefined], [[5], undefined], [{}, undefined], [["5"], undefined],
    [2_147_483.647, 2_147_483_647], [2_147_484, undefined], [1e15, undefined], ["99999999999999999999", undefined],
  ];
  for (const [timeout, ms] of limits) it(`reads the time-out ${JSON.stringify(timeout)} as ${ms === undefined ? "none" : `${ms} ms`}`, () => {
    const { script } = parseRunRequest(job({ timeout }));
    assert.equal(script.timeoutMs, ms);
    assert.equal(Object.hasOwn(script, "timeoutMs"), ms !== undefined);
  });

  const labels: readonly [object, string][] = [
    [{ name: "N", endpoint: "e", versionId: "v", id: 1 }, "N"], [{ name: " ", endpoint: "e" }, "e"], [{ name: null, versionId: 7 }, "7"],
    [{ id: 5 }, "5"], [{ name: {}, endpoint: [], id: "i" }, "i"], [{}, "unnamed"],
  ];
  for (const [script, label] of labels) it(`is labelled ${label} by the first label of ${JSON.stringify(script)}`, () => assert.equal(parseRunRequest(job(script)).script.label, label));

  const inputs: readonly [string, unknown][] = [
    ["{}", {}], ["[]", []], ["0", 0], ["false", false], ['""', ""], ['"text"', "text"], ['{"__proto__":{"x":1}}', wire('{"__proto__":{"x":1}}')], ["[null]", [null]],
  ];
  for (const [text, value] of inputs) it(`hands the input ${text} on as it is`, () => {
    const { input } = parseRunRequest(wire(`{"script":${JSON.stringify(SCRIPT)},"reqBody":${text}}`));
    assert.deepEqual(input, value);
    assert.equal(JSON.stringify(input), text);
  });

  const values: readonly [unknown, string][] = [["x", "x"], ["", ""], [null, ""], [undefined, ""], [5, "5"], [true, "true"], [{ a: [1] }, '{"a":[1]}'], ["a\nb\u0000", "a\nb\u0000"]];
  for (const [value, spelled] of values) it(`spells a variable's value ${JSON.stringify(value)} as text`, () =>
    assert.deepEqual(parseRunRequest(job({ variables: [{ envName: "A", value }] })).script.variables, [{ name: "A", value: spelled }]));

  it("treats names such as __proto__ as names", () => {
    const request = parseRunRequest(wire('{"__proto__":{"script":{}},"script":{"language":"constructor","code":"","__proto__":{"id":"evil","timeout":9},"variables":[{"envName":"__proto__","value":"x"}]}}'));
    assert.equal(request.script.language, "constructor");
    assert.equal(request.script.id, undefined);
    assert.equal(request.script.timeoutMs, undefined);
    assert.deepEqual(request.script.variables, [{ name: "__proto__", value: "x" }]);
    assert.equal(({} as Record<string, unknown>)["id"], undefined);
    assert.match(refusal(wire('{"__proto__":{"script":{"language":"sh","code":""}}}')), /script: wanted an object, found nothing/);
  });

  it("keeps code byte for byte", () => {
    for (const code of ["", "\ufeffa", "a\r\nb", " \n", "\u0000", "x".repeat(1_000_000), "ä€😀"]) assert.equal(parseRunRequest(job({ code })).script.code, code);
  });

  it("refuses JSON nested too deep to be written again", () => {
    const nested = (depth: number) => wire("[".repeat(depth) + "]".repeat(depth));
    for (const depth of [1000, 20_000, 200_000]) {
      for (const body of [job({}, { reqBody: nested(depth) }), job({ jobContext: nested(depth) }), job({ variables: [{ envName: "A", value: nested(depth) }] })])
        assert.match(refusal(body), /nested deeper than 1000 levels/);
    }
    assert.equal(JSON.stringify(parseRunRequest(job({}, { reqBody: nested(900) })).input).length, 1800);
  });

  it("accepts a thousand variables", () => {
    const variables = Array.from({ length: 1000 }, (_, i) => ({ envName: `AUTOMN_VAR_${i}`, value: i }));
    assert.equal(parseRunRequest(job({ variables })).script.variables[999]?.value, "999");
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resultFrame } from "../../runner/protocol/frames.ts";
import type { RunResult } from "../../runner/protocol/result.ts";
import { ended, startFailed, toFrame, toReport } from "../../runner/runs/result.ts";
import type { RunOutcome } from "../../runner/runs/result.ts";
import type { TestContext } from "../support/cleanup.ts";
import { contextFor, requestFor, runDependencies } from "./harness.ts";

/** The result of a run that printed this and ended so, and what was shown live. */
async function resultOf(t: TestContext, outcome: RunOutcome, { stdout = "", stderr = "" } = {}) {
  const { context, sink } = contextFor({ ...requestFor(""), input: { n: 1 } }, await runDependencies(t));
  context.output.stdout.push(Buffer.from(stdout));
  context.output.stderr.push(Buffer.from(stderr));
  const { result } = toReport(context, outcome);
  return { result, log: sink.log };
}

describe("toReport", () => {
  it("makes a plain result of a script that exits", async (t) => {
    const { result } = await resultOf(t, { ...ended({ kind: "exited", code: 3 }), start: "cold" }, { stdout: "one \n\n", stderr: "two" });
    const { duration, ...others } = result;
    assert.ok(Number.isInteger(duration) && duration >= 0);
    assert.deepEqual(others, {
      runId: "run 1", stdout: "one", stderr: "two", code: 3, returnData: null, automnLogs: [], automnNotifications: [], input: { n: 1 },
      reason: "exited", start: "cold",
    });
  });

  for (const [name, stderr, wanted] of [
    ["alone where the script wrote nothing", "", "The run was cancelled.\n"],
    ["after a line of the script's", "oops\n", "oops\nThe run was cancelled.\n"],
    ["on a line of its own after one that is open", "oops", "oops\nThe run was cancelled.\n"],
  ] as const) it(`puts the runner's own line on stderr ${name}`, async (t) => {
    const { result, log } = await resultOf(t, ended({ kind: "cancelled" }), { stderr });
    assert.equal(result.stderr, wanted);
    assert.ok(log.endsWith("[runner] The run was cancelled.\n"));
  });

  it("adds nothing to the stderr of a run with code 0 but a bad return", async (t) => {
    assert.equal((await resultOf(t, ended({ kind: "returned" }), { stdout: "__SCRIPTRETURN__1\n" })).result.stderr, "");
    const { result } = await resultOf(t, ended({ kind: "exited", code: 0 }), { stdout: "__SCRIPTRETURN__{\n" });
    assert.match(result.stderr, /^Bad return JSON: .*\n$/);
    assert.deepEqual([result.code, result.returnData], [0, null]);
  });

  it("names leftovers in the result and the first ten of them in the log", async (t) => {
    const leftovers = Array.from({ length: 12 }, (_, pid) => ({ pid, command: "sleep ".padEnd(500, "9") }));
    const { result, log } = await resultOf(t, { reason: { kind: "exited", code: 0 }, leftovers });
    assert.deepEqual(result.leftovers?.map(({ command }) => command.length), Array<number>(12).fill(200));
    assert.match(log, /^\[runner\] The run left 12 processes behind, which the runner ended: 0 \(sleep .* and 2 more\n$/);
    assert.equal(result.stderr, "");
  });

  it("says how much of the output is missing", async (t) => {
    const { context } = contextFor(requestFor(""), await runDependencies(t, { limits: { maxOutputBytes: 100, killGraceMs: 0 } }));
    context.output.stdout.push(Buffer.from("x".repeat(1_000)));
    const { result } = toReport(context, ended({ kind: "exited", code: 0 }));
    assert.deepEqual(result.truncated, { stdout: 900, stderr: 0 });
  });

  it("gives a script that could not be started the shells' codes", async (t) => {
    for (const code of [126, 127] as const) {
      const { result } = await resultOf(t, startFailed(code, "no"));
      assert.deepEqual([result.code, result.errorCode, result.stderr], [code, "START_FAILED", "no\n"]);
    }
  });
});

describe("toFrame", () => {
  it("is the frame of the result", async (t) => {
    const { result } = await resultOf(t, ended({ kind: "exited", code: 0 }));
    assert.deepEqual(toFrame(result), resultFrame(result));
  });

  it("of a result that is too large for one text says so, without its largest parts, and is no success", async (t) => {
    const { result } = await resultOf(t, ended({ kind: "exited", code: 0 }), { stdout: "kept" });
    const tooLarge = { toJSON: () => { throw new RangeError("Invalid string length"); } };
    const { data } = JSON.parse(toFrame({ ...result, returnData: tooLarge }).toString()) as { data: RunResult };
    assert.deepEqual([data.code, data.errorCode, data.stdout, data.returnData, data.input], [1, "RESULT_TOO_LARGE", "", null, {}]);
    assert.equal(data.stderr, "The result is too large to be sent: Invalid string length\n");
    assert.equal((JSON.parse(toFrame({ ...result, code: 7, returnData: tooLarge }).toString()) as { data: RunResult }).data.code, 7);
  });
});

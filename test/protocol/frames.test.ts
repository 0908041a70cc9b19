import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { describe, it } from "node:test";
import { KEEP_ALIVE, resultFrame } from "../../runner/protocol/frames.ts";
import type { RunResult } from "../../runner/protocol/result.ts";

describe("frames", () => {
  it("resultFrame: one line, whatever the result contains", () => {
    const result: RunResult = {
      runId: "r\n1", stdout: "a\nb", stderr: "\u2028", code: 0, duration: 1, returnData: { a: "😀\ud800" }, automnLogs: [], automnNotifications: [], input: {}, reason: "exited",
    };
    const frame = resultFrame(result);
    assert.equal(frame.indexOf("\n"), frame.length - 1);
    assert.ok(isUtf8(frame));
    assert.deepEqual(JSON.parse(frame.toString()), { type: "result", data: result });
  });

  it("KEEP_ALIVE: a line that the host ignores", () => assert.equal(KEEP_ALIVE.toString().trim(), ""));
});

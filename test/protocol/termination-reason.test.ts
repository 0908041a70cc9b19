import assert from "node:assert/strict";
import { constants } from "node:os";
import { describe, it } from "node:test";
import { resultStatus } from "../../runner/protocol/termination-reason.ts";
import type { TerminationReason, TerminationKind, ResultStatus } from "../../runner/protocol/termination-reason.ts";

const EXPECTED: { readonly [K in TerminationKind]: readonly [Extract<TerminationReason, { kind: K }>, ResultStatus][] } = {
  exited: [0, 1, 2, 42, 255].map((code) => [{ kind: "exited", code }, { code }]),
  returned: [[{ kind: "returned" }, { code: 0 }]],
  signalled: [
    [{ kind: "signalled", signal: "SIGKILL" }, { code: 137, signal: "SIGKILL" }],
    [{ kind: "signalled", signal: "SIGTERM" }, { code: 143, signal: "SIGTERM" }],
    [{ kind: "signalled", signal: "SIGSEGV" }, { code: 139, signal: "SIGSEGV" }],
    [{ kind: "signalled", signal: "SIGINT" }, { code: 130, signal: "SIGINT" }],
    [{ kind: "signalled", signal: "SIGHUP" }, { code: 129, signal: "SIGHUP" }],
  ],
  "timed-out": [
    [{ kind: "timed-out", afterMs: 5000 }, { code: 124, errorCode: "TIMEOUT", message: "Timeout exceeded after 5 s." }],
    [{ kind: "timed-out", afterMs: 1500 }, { code: 124, errorCode: "TIMEOUT", message: "Timeout exceeded after 1.5 s." }],
    [{ kind: "timed-out", afterMs: 1 }, { code: 124, errorCode: "TIMEOUT", message: "Timeout exceeded after 0.001 s." }],
  ],
  cancelled: [[{ kind: "cancelled" }, { code: 130, errorCode: "CANCELLED", message: "The run was cancelled." }]],
  "host-gone": [[{ kind: "host-gone" }, { code: 129, errorCode: "HOST_GONE", message: "The host closed the connection; the run was ended." }]],
  shutdown: [[{ kind: "shutdown" }, { code: 143, errorCode: "RUNNER_SHUTDOWN", message: "The runner was shut down before the run had ended." }]],
  memory: [[{ kind: "memory", limitMb: 64, usedMb: 70 }, { code: 137, errorCode: "MEMORY_LIMIT", message: "Memory limit exceeded: 70 MB used, 64 MB allowed." }]],
  "start-failed": [
    [{ kind: "start-failed", code: 127, errorCode: "INTERPRETER_MISSING", message: "No pwsh." }, { code: 127, errorCode: "INTERPRETER_MISSING", message: "No pwsh." }],
    [{ kind: "start-failed", code: 2, errorCode: "UNKNOWN_LANGUAGE", message: "No ruby." }, { code: 2, errorCode: "UNKNOWN_LANGUAGE", message: "No ruby." }],
  ],
  "dependencies-failed": [[
    { kind: "dependencies-failed", message: "E404" },
    { code: 90, errorCode: "NODE_DEPENDENCY_INSTALL_FAILED", clientMessage: "Try again later", message: "E404" },
  ]],
  lost: [[{ kind: "lost" }, { code: 255, errorCode: "RUNNER_LOST", message: "The runner ended before the run had; how far it came is not known." }]],
};

const ALL = Object.values(EXPECTED).flat() as [TerminationReason, ResultStatus][];

describe("resultStatus", () => {
  for (const [ending, expected] of ALL) it(`is code ${expected.code} for ${JSON.stringify(ending)}`, () => assert.deepEqual(resultStatus(ending), expected));

  it("has neither message nor error code with code 0", () => {
    for (const [ending] of ALL) {
      const expected = resultStatus(ending);
      if (expected.code === 0) assert.deepEqual(Object.keys(expected), ["code"]);
      else if (!["exited", "signalled"].includes(ending.kind)) assert.ok(expected.message !== undefined && expected.errorCode !== undefined);
    }
  });

  it("is 128 + N for every signal N of this platform", () => {
    for (const [signal, number] of Object.entries(constants.signals)) assert.equal(resultStatus({ kind: "signalled", signal: signal as NodeJS.Signals }).code, 128 + number);
  });
});

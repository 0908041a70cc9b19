import assert from "node:assert/strict";
import { test } from "node:test";
import { indexProblem, pipReason } from "../../../runner/languages/python/pip-failure.ts";

test("pipReason: the lines that pip marks as errors", () => {
  const lines = ["Collecting a", "ERROR: Could not find a version that satisfies the requirement a (from versions: none)", "ERROR: No matching distribution found for a", "[notice] A new release of pip is available"];
  assert.equal(pipReason({ code: 1, lines }), "Could not find a version that satisfies the requirement a (from versions: none)\n  No matching distribution found for a");
});

test("pipReason: a failed build is told by what it said, without frames and hints", () => {
  const lines = [
    "Collecting x", "  Preparing metadata (setup.py): started", "  error: subprocess-exited-with-error", "  ", "  × python setup.py egg_info did not run successfully.", "  │ exit code: 1", "  ╰─> [6 lines of output]",
    "      Traceback (most recent call last):", '        File "<string>", line 2, in <module>', '        File "setup.py", line 3, in <module>', "      RuntimeError: pg_config executable not found.", "      [end of output]", "  ",
    "  note: This error originates from a subprocess, and is likely not a problem with pip.", "error: metadata-generation-failed", "× Encountered error while generating package metadata.", "╰─> See above for output.", "hint: See above for details.",
  ];
  const reason = pipReason({ code: 1, lines });
  assert.match(reason, /RuntimeError: pg_config executable not found\./);
  assert.doesNotMatch(reason, /File "|Traceback|See above|note:/);
});

test("pipReason: a failure without a message has its code", () => {
  assert.equal(pipReason({ code: 3, lines: ["", "  "] }), "it ended with code 3 without a message");
});

const warning = (cause: string, total: number) => `WARNING: Retrying (Retry(total=${total}, connect=None, read=None, redirect=None, status=None)) after connection broken by '${cause}': /simple/a/`;

test("indexProblem: a request that was given up has its cause and no password", () => {
  const lines = ["Looking in indexes: https://user:secret@index.example/simple", warning("NewConnectionError('<HTTPSConnection object at 0x1>: Failed to establish a new connection: [Errno -2] Name or service not known')", 0)];
  assert.equal(indexProblem({ code: 1, lines }), "the package index https://index.example/simple cannot be reached: [Errno -2] Name or service not known");
});

test("indexProblem: a request that succeeded at a later try is no problem", () => {
  assert.equal(indexProblem({ code: 1, lines: [warning("ReadTimeoutError('Read timed out.')", 3)] }), undefined);
});

test("indexProblem: a page that is not there is no problem, one that is refused is", () => {
  const line = (status: string) => `Could not fetch URL https://index.example/simple/a/: ${status} for url: https://index.example/simple/a/ - skipping`;
  assert.equal(indexProblem({ code: 1, lines: [line("404 Client Error: Not Found")] }), undefined);
  assert.equal(indexProblem({ code: 1, lines: [line("403 Client Error: Forbidden")] }), "the package index answered 403 Forbidden (https://index.example/simple/a/)");
});

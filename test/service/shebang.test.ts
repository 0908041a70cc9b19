// Shell scripts whose first line names another program, as the host sends them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RUNNER_ID } from "../support/host.ts";
import { startRegistered } from "../support/service.ts";

test("a shell script is run by the program that its first line names, or ends with 127 and that name", { skip: process.platform === "win32" }, async (t) => {
  const { host } = await startRegistered(t);
  const run = async (code: string) => {
    const { result } = await host.dispatch(RUNNER_ID, { language: "shell", code });
    return { code: result?.code, stdout: result?.stdout, stderr: result?.stderr, returnData: result?.returnData };
  };
  assert.deepEqual(await run("#!/usr/bin/env node\nAutomnLog('m'); AutomnReturn([AutomnRunId.length > 0, require('fs').existsSync(__filename)])"), { code: 0, stdout: "", stderr: "", returnData: [true, true] });
  assert.deepEqual(await run("#!/bin/cat\nitself"), { code: 0, stdout: "#!/bin/cat\nitself", stderr: "", returnData: null });
  assert.deepEqual(await run("#!/no/such/program\necho"), { code: 127, stdout: "", stderr: "Cannot run the script: its first line names \"/no/such/program\", which does not exist.\n", returnData: null });
  const missing = await run("#!/usr/bin/env no-such-program\necho");
  assert.equal(missing.code, 127);
  assert.match(missing.stderr ?? "", /no-such-program/);
});

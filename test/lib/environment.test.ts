import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withoutRunnerVariables } from "../../runner/lib/environment.ts";

describe("withoutRunnerVariables", () => {
  for (const name of ["AUTOMN_RUNNER_SECRET", "AUTOMN_RUNNER_RESET_TOKEN", "AUTOMN_RUNNER_", "automn_runner_secret", "Automn_Runner_X"])
    it(`leaves out ${name}`, () => assert.deepEqual(Object.keys(withoutRunnerVariables({ [name]: "x", PATH: "/bin" })), ["PATH"]));

  for (const name of ["PATH", "AUTOMN_HOST_URL", "MY_AUTOMN_RUNNER_SECRET", "AUTOMN_RUNNERS", "__proto__", "constructor"])
    it(`keeps ${name}`, () => assert.equal(withoutRunnerVariables(JSON.parse(`{${JSON.stringify(name)}:"x"}`) as NodeJS.ProcessEnv)[name], "x"));
});

import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkDirectories } from "../../runner/lifecycle/directory-check.ts";
import { temporaryFolder } from "../support/folder.ts";

test("checkDirectories: directories that are missing are created, and there is no problem", async (t) => {
  const root = await temporaryFolder(t);
  const [state, work] = [join(root, "deep", "state"), join(root, "work")];
  const problems = await checkDirectories([
    { purpose: "state", path: state, variable: "AUTOMN_RUNNER_STATE_DIR" },
    { purpose: "work", path: work, variable: "AUTOMN_RUNNER_WORKDIR" },
  ]);
  assert.deepEqual(problems, []);
  assert.deepEqual((await readdir(root)).sort(), ["deep", "work"]);
});

test("checkDirectories: a default that cannot be used is told with the variables that name another", async (t) => {
  const file = join(await temporaryFolder(t), "file");
  await writeFile(file, "");
  const [problem = ""] = await checkDirectories([{ purpose: "work", path: file, variable: "AUTOMN_RUNNER_WORKDIR" }]);
  assert.ok(problem.startsWith(`Cannot use the work directory ${file}: EEXIST: `), problem);
  const advice = ". Set AUTOMN_RUNNER_WORKDIR or AUTOMN_RUNNER_DATA_DIR to a directory that the runner can write to.";
  assert.ok(problem.endsWith(advice), problem);
});

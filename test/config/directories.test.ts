import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { prefixed, read } from "./harness.ts";

/** What is set, and by which setting the state, the scripts and the work directory are then decided. */
const CASES: readonly (readonly [set: Readonly<Record<string, string>>, state?: string, scripts?: string, work?: string])[] = [
  [{}],
  [{ DATA_DIR: "/d" }, "DATA_DIR=/d", "DATA_DIR=/d", "DATA_DIR=/d"],
  [{ DATA_DIR: "/d", WORKDIR: " '/w' " }, "DATA_DIR=/d", "DATA_DIR=/d", "WORKDIR='/w'"],
  [{ STATE_DIR: "/s", SCRIPTS_DIR: "rel", STATE_FILE: "/x/y.json" }, "STATE_DIR=/s", "SCRIPTS_DIR=rel"],
  [{ STATE_FILE: "/x/y.json", DATA_DIR: "/d" }, "STATE_FILE=/x/y.json", "DATA_DIR=/d", "DATA_DIR=/d"],
  [{ STATE_FILE: "y.json" }],
];
for (const [set, state, scripts, work] of CASES) {
  test(`requiredDirectories: ${JSON.stringify(set)} names the variable that decides each`, () => {
    const { directories, config } = read(prefixed(set));
    const named = (setting: string | undefined) => (setting === undefined ? undefined : `AUTOMN_RUNNER_${setting}`);
    assert.deepEqual(directories.map(({ purpose }) => purpose), ["state", "scripts", "work"]);
    assert.deepEqual(directories.map(({ setBy }) => setBy), [state, scripts, work].map(named));
    assert.deepEqual(directories.map(({ path }) => path), [config?.stateDir, config?.scriptsDir, config?.workDir]);
    assert.deepEqual(directories.map(({ variable }) => variable), ["STATE_DIR", "SCRIPTS_DIR", "WORKDIR"].map(named));
    for (const { path } of directories) assert.equal(path, resolve(path), "an absolute path");
  });
}

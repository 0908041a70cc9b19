import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { defaultDataDir } from "../../runner/lifecycle/data-directory.ts";
import type { DataDirectoryOptions } from "../../runner/lifecycle/data-directory.ts";

const home = () => "/home/u";
const INSTALLED = "/usr/lib/node_modules/automn-runner/runner";

const CASES: readonly (readonly [what: string, code: string, options: DataDirectoryOptions, directory: string])[] = [
  ["a checkout keeps it beside the code", "/opt/automn-runner/runner", { env: { XDG_STATE_HOME: "/x" } }, "/opt/automn-runner/runner/data"],
  ["a folder that is only called similarly is a checkout", "/opt/my_node_modules/runner", { env: {} }, "/opt/my_node_modules/runner/data"],
  ["a package uses XDG_STATE_HOME", INSTALLED, { env: { XDG_STATE_HOME: "/x/state" } }, "/x/state/automn-runner"],
  ["a package without XDG_STATE_HOME uses the user's own folder", INSTALLED, { env: {} }, "/home/u/.local/state/automn-runner"],
  ["a relative XDG_STATE_HOME is ignored", INSTALLED, { env: { XDG_STATE_HOME: "state" } }, "/home/u/.local/state/automn-runner"],
  ["an empty XDG_STATE_HOME is ignored", INSTALLED, { env: { XDG_STATE_HOME: "" } }, "/home/u/.local/state/automn-runner"],
  [
    "a package in a project is a package too", "/srv/app/node_modules/automn-runner/runner", { env: {} },
    "/home/u/.local/state/automn-runner",
  ],
  ["on Windows a package uses LOCALAPPDATA", INSTALLED, { env: { LOCALAPPDATA: "/local" }, platform: "win32" }, "/local/automn-runner"],
  [
    "on Windows without LOCALAPPDATA it is below the user's folder", INSTALLED, { env: {}, platform: "win32" },
    "/home/u/AppData/Local/automn-runner",
  ],
  [
    "a Windows path is taken apart too", "C:\\n\\node_modules\\automn-runner\\runner",
    { env: { LOCALAPPDATA: "/local" }, platform: "win32" }, "/local/automn-runner",
  ],
];
for (const [what, code, options, directory] of CASES) {
  test(`defaultDataDir: ${what}`, { skip: process.platform === "win32" }, () => {
    assert.equal(defaultDataDir(code, { home, platform: "linux", ...options }), join(directory));
  });
}

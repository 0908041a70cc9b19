import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readConfig } from "../../runner/config/config.ts";
import type { Config } from "../../runner/config/config.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { missingSettings, withStoredSettings } from "../../runner/registration/settings.ts";
import type { RunnerState } from "../../runner/registration/state.ts";
import { listeningLog } from "../support/results.ts";

const SOURCES = { files: new Map(), languages: LANGUAGES, defaultDataDir: "/none", isTerminal: false };
const configOf = (env: NodeJS.ProcessEnv) => readConfig(env, SOURCES).config as Config;
const STORED: RunnerState = {
  locked: true, hostUrl: "https://stored.example/", runnerId: "stored", endpointUrl: "https://me.example/prefix/run",
  runtimeExecutables: { python: "/stored/python", node: "/stored/node" },
};

describe("missingSettings", () => {
  it("names for each setting the variables of which one has to be set", () => {
    assert.deepEqual(
      missingSettings(configOf({})),
      [["AUTOMN_HOST_URL"], ["AUTOMN_RUNNER_ID"], ["AUTOMN_RUNNER_PUBLIC_URL", "AUTOMN_RUNNER_ENDPOINT_URL"]],
    );
    assert.deepEqual(missingSettings(configOf({ AUTOMN_RUNNER_ID: "r", AUTOMN_RUNNER_PUBLIC_URL: "http://r" })), [["AUTOMN_HOST_URL"]]);
  });
});

describe("withStoredSettings", () => {
  it("takes from the state file what the environment does not say, and logs it", () => {
    const log = listeningLog();
    const config = withStoredSettings(configOf({}), STORED, log);
    assert.deepEqual([config.hostUrl, config.runnerId, config.endpointUrl], [STORED.hostUrl, STORED.runnerId, STORED.endpointUrl]);
    assert.deepEqual(config.jobPaths, ["/api/run", "/prefix/run"]);
    assert.deepEqual(
      [config.interpreters["python"], config.interpreters["node"], config.interpreters["shell"]],
      ["/stored/python", "/stored/node", undefined],
    );
    assert.deepEqual(missingSettings(config), []);
    assert.equal(log.lines.length, 1);
    assert.match(log.lines[0] ?? "", /^info The state file says what the environment does not .*stored\.example.*\/stored\/python/);
  });

  it("leaves alone what the environment says", () => {
    const env = {
      AUTOMN_RUNNER_HOST_URL: "http://host",
      AUTOMN_RUNNER_ID: "r",
      AUTOMN_RUNNER_PUBLIC_URL: "http://me",
      AUTOMN_RUNNER_PYTHON_PATH: "python9",
      AUTOMN_RUNNER_NODE_PATH: "node9",
    };
    const log = listeningLog();
    const given = configOf(env);
    assert.deepEqual(withStoredSettings(given, STORED, log), given);
    assert.deepEqual(log.lines, []);
  });

  it("leaves out what could not be a variable's value, with a warning", () => {
    const log = listeningLog();
    const config = withStoredSettings(configOf({}), { ...STORED, hostUrl: "automn.example", endpointUrl: "ftp://x" }, log);
    assert.deepEqual(
      [config.hostUrl, config.runnerId, config.endpointUrl, config.jobPaths],
      [undefined, "stored", undefined, ["/api/run"]],
    );
    const refused = /^warn The state file: Cannot read AUTOMN_(HOST|RUNNER_ENDPOINT)_URL: wanted an absolute http/;
    assert.equal(log.lines.filter((line) => refused.test(line)).length, 2);
  });

  it("does nothing for a runner that has never registered", () => {
    const log = listeningLog();
    assert.deepEqual(withStoredSettings(configOf({}), { locked: false }, log), configOf({}));
    assert.deepEqual(log.lines, []);
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { VARIABLES } from "../../runner/config/variables.ts";
import type { Variable } from "../../runner/config/variables.ts";
import { read } from "./harness.ts";

/** Names that somebody may write, and the one that is meant. */
const MEANT: readonly (readonly [name: string, meant: string])[] = [
  ["AUTOMN_RUNNER_PROT", "AUTOMN_RUNNER_PORT"], ["AUTOMN_RUNNER_SECERT", "AUTOMN_RUNNER_SECRET"],
  ["AUTOMN_RUNNER_HEARTBEAT", "AUTOMN_RUNNER_HEARTBEAT_MS"],
  ["AUTOMN_RUNNER_PYTHONPATH", "AUTOMN_RUNNER_PYTHON_PATH"], ["AUTOMN_RUNNER_WORK_DIR", "AUTOMN_RUNNER_WORKDIR"],
  ["AUTOMN_RUNNER_ENDPOINT", "AUTOMN_RUNNER_ENDPOINT_URL"],
  // without the prefix, or with a typing error in it
  ["AUTOMN_HOSTURL", "AUTOMN_HOST_URL"], ["AUTOMN_HOST", "AUTOMN_HOST_URL"], ["AUTOMN_HOST_URI", "AUTOMN_HOST_URL"],
  ["AUTOMNHOST_URL", "AUTOMN_HOST_URL"],
  ["AUTOM_HOST_URL", "AUTOMN_HOST_URL"], ["automn_host_url", "AUTOMN_HOST_URL"],
  ["RUNNER_ID", "AUTOMN_RUNNER_ID"], ["AUTOMN_ID", "AUTOMN_RUNNER_ID"], ["AUTOMN_RUNNERID", "AUTOMN_RUNNER_ID"],
  ["AUTOMN-RUNNER-ID", "AUTOMN_RUNNER_ID"],
  ["AUTOMN_RUNER_SECRET", "AUTOMN_RUNNER_SECRET"], ["AUTOMN_SECRET", "AUTOMN_RUNNER_SECRET"], ["RUNNER_SECRET", "AUTOMN_RUNNER_SECRET"],
  ["AUTOMATN_RUNNER_SECRET", "AUTOMN_RUNNER_SECRET"], ["RUNNER_SECRETS", "AUTOMN_RUNNER_SECRET"],
  ["RUNNER_PUBLIC_URL", "AUTOMN_RUNNER_PUBLIC_URL"], ["AUTOMN_PUBLIC_URL", "AUTOMN_RUNNER_PUBLIC_URL"],
  ["AUTOMN_TIMEOUT", "AUTOMN_RUNNER_TIMEOUT_MS"],
];
for (const [name, meant] of MEANT) {
  test(`unknownNames: ${name} is told as ${meant}, and the runner starts`, () => {
    const { config, warnings } = read({ [name]: "hunter2" });
    assert.ok(config !== undefined);
    assert.deepEqual(warnings, [`${name} is not a variable of this runner. Did you mean ${meant}?`]);
  });
}

/** What is set around a runner that has nothing to do with it. */
const OTHERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "a shell": {
    PATH: "/bin", HOME: "/root", SHELL: "/bin/sh", PWD: "/", LANG: "C", USER: "x", HOST: "h", HOSTNAME: "h", SSH_AUTH_SOCK: "/s",
    XDG_RUNTIME_DIR: "/run",
  },
  "the container image": { AUTOMN_RUNNER_PYTHON_VERSION: "3", AUTOMN_RUNNER_POWERSHELL_VERSION: "7", AUTOMN_RUNNER_VERSION: "0" },
  "a script that starts a runner": {
    AUTOMN_RUN_ID: "x", AUTOMN_SCRIPT_DIR: "/s", AUTOMN_INPUT_FILE: "/f", AUTOMN_INPUT_JSON: "{}", AUTOMN_INTERNAL_INPUT_JSON: "{}",
    INPUT_JSON: "{}", AUTOMN_KEEP: "1",
    AUTOMN_VAR_DB_PASSWORD: "x", AUTOMN_VAR_RUNNER_ID: "x", AUTOMN_CAT_VAR_SECRET: "x", AUTOMN_GLOBAL_VAR_PORT: "x",
    AUTOMN_JOB_VAR_HTTP_METHOD: "GET",
    AUTOMN_JOB_VAR_TARGET_RUNNER: "x",
  },
  "GitHub's runner": {
    RUNNER_NAME: "x", RUNNER_OS: "Linux", RUNNER_ARCH: "X64", RUNNER_TEMP: "/t", RUNNER_TOOL_CACHE: "/c", RUNNER_ENVIRONMENT: "x",
    RUNNER_DEBUG: "1",
    RUNNER_TRACKING_ID: "x", RUNNER_WORKSPACE: "/w", RUNNER_PERFLOG: "/p", RUNNER_USER: "x", RUNNER_UID: "1", ACTIONS_RUNNER_DEBUG: "1",
  },
  "GitLab's runner": {
    CI_RUNNER_ID: "1", CI_RUNNER_DESCRIPTION: "x", CI_RUNNER_TAGS: "x", CI_RUNNER_VERSION: "1", CI_RUNNER_SHORT_TOKEN: "x",
    RUNNER_TEMP_PROJECT_DIR: "/x",
  },
  "Kubernetes, for services of such names": {
    AUTOMN_PORT: "tcp://10.0.0.1:80", AUTOMN_SERVICE_HOST: "10.0.0.1", AUTOMN_SERVICE_PORT: "80", AUTOMN_PORT_80_TCP: "tcp://10.0.0.1:80",
    AUTOMN_PORT_80_TCP_ADDR: "10.0.0.1",
    AUTOMN_RUNNER_SERVICE_HOST: "10.0.0.2", AUTOMN_RUNNER_SERVICE_PORT: "3030", AUTOMN_RUNNER_SERVICE_PORT_HTTP: "3030",
    AUTOMN_RUNNER_PORT: "tcp://10.0.0.2:3030",
    AUTOMN_RUNNER_PORT_3030_TCP_PROTO: "tcp", RUNNER_PORT: "tcp://10.0.0.3:80",
  },
  "another program": {
    AUTOMN_OTHER: "x", HOST_URL: "x", PUBLIC_URL: "x", SECRET: "x", RUN_ID: "x", TEST_RUNNER_JVM: "x", AUTOMOUNT_DIR: "x",
  },
};
for (const [who, env] of Object.entries(OTHERS)) {
  test(`unknownNames: the variables of ${who} are not warned about`, () => assert.deepEqual(read(env).warnings, []));
}

test("unknownNames: a known name is never warned about, even when it is blank", () => {
  const names = Object.values<Variable<unknown>>(VARIABLES).flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  assert.deepEqual(read(Object.fromEntries(names.map((name) => [name, " "]))).warnings, []);
});

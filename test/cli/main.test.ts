import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { main } from "../../runner/cli/main.ts";
import type { Config } from "../../runner/config/config.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { RUNNER_VERSION } from "../../runner/protocol/registration.ts";
import { temporaryFolder } from "../support/folder.ts";

const SERVICE = fileURLToPath(new URL("../../runner/service.ts", import.meta.url));

/** Runs a command, with a configuration that must not be asked for unless one is given. */
async function run(args: readonly string[], config?: Partial<Config>) {
  const out = { printed: "", errors: "" };
  const code = await main(args, {
    print: (text) => { out.printed += text; },
    printError: (text) => { out.errors += text; },
    languages: LANGUAGES,
    configure: () => (config === undefined ? assert.fail("the configuration was read") : Promise.resolve(config as Config)),
  });
  return { code, ...out };
}

describe("automn-runner", () => {
  it("--version prints the version and reads no configuration", async () => {
    assert.deepEqual(await run(["--version"]), { code: 0, printed: `${RUNNER_VERSION}\n`, errors: "" });
  });

  for (const flag of ["--help", "-h"]) it(`${flag} prints the commands and reads no configuration`, async () => {
    const { code, printed, errors } = await run([flag]);
    assert.deepEqual([code, errors], [0, ""]);
    for (const command of ["packages", "--version", "--help"]) assert.ok(printed.includes(command), printed);
  });

  for (const name of ["frobnicate", "Packages", "-v", "", "constructor"]) it(`refuses the unknown command ${JSON.stringify(name)} with 64, and says which there are`, async () => {
    const { code, printed, errors } = await run([name]);
    assert.deepEqual([code, printed], [64, ""]);
    assert.ok(errors.startsWith(`There is no command ${JSON.stringify(name)}.`), errors);
    assert.match(errors, /Usage: automn-runner \[COMMAND\][^]*packages[^]*--version/);
  });

  it("packages passes its arguments on, with the directories of the configuration", async (t) => {
    const folder = await temporaryFolder(t);
    const answer = await run(["packages", "list", "--json"], { scriptsDir: join(folder, "scripts"), stateDir: join(folder, "state"), logFormat: "text" });
    assert.deepEqual(answer, { code: 0, printed: "[]\n", errors: "" });
  });

  it("answers --version under an environment that is wrong, and serves nothing", () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", "tsx", SERVICE, "--version"], {
      encoding: "utf8", env: { ...process.env, AUTOMN_RUNNER_PORT: "abc", AUTOMN_RUNNER_SECRET: "short" },
    });
    assert.deepEqual({ stdout, stderr, status }, { stdout: `${RUNNER_VERSION}\n`, stderr: "", status: 0 });
  });

  it("reports a wrong environment with 78 where a command needs the configuration", () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", "tsx", SERVICE, "packages", "list"], { encoding: "utf8", env: { ...process.env, AUTOMN_RUNNER_PORT: "abc" } });
    assert.deepEqual([stdout, status], ["", 78]);
    assert.match(stderr, /^Cannot read AUTOMN_RUNNER_PORT: /m);
  });
});

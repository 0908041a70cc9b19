import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, cp, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { freePort, NotStarted, SERVICE, startBuiltRunner } from "../../scripts/built-runner.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { RUNNER_ID, SECRET, startHost } from "../support/host.ts";
import { runJob } from "../support/job.ts";
import { plainEnvironment, temporaryDirectory } from "../support/service.ts";
import { until } from "../support/until.ts";

const run = promisify(execFile);
const ROOT = dirname(dirname(SERVICE));
const NPM = process.platform === "win32" ? "npm.cmd" : "npm";

/** A folder with nothing but what a target needs, as it lies in a fresh build. */
async function copyOfWhatIsNeeded(t: TestContext): Promise<string> {
  const target = join(await temporaryDirectory(t), "target");
  await mkdir(target);
  for (const name of ["package.json", "package-lock.json"]) await cp(join(ROOT, name), join(target, name));
  const unneeded = /\.ts$|\.js\.map$|[\\/]runner[\\/]data$/;
  await cp(join(ROOT, "runner"), join(target, "runner"), { recursive: true, filter: (source) => !unneeded.test(source) });
  return target;
}

test("installation: package.json, the lock file and runner/ are all that a target needs, without a network", { timeout: 120_000 }, async (t) => {
  const target = await copyOfWhatIsNeeded(t);
  const cache = await temporaryDirectory(t);
  await run(NPM, ["ci", "--omit=dev", "--offline", "--no-audit", "--no-fund", "--cache", cache, "--registry", "http://127.0.0.1:9/"], { cwd: target, shell: process.platform === "win32" });
  assert.deepEqual((await readdir(join(target, "node_modules")).catch(() => [])).filter((name) => !name.startsWith(".")), [], "no package is installed");
  const host = await startHost(t);
  const port = await freePort();
  const runner = await startBuiltRunner({
    service: join(target, "runner", "service.js"), cwd: "/",
    env: plainEnvironment({ AUTOMN_HOST_URL: host.url, AUTOMN_RUNNER_ID: RUNNER_ID, AUTOMN_RUNNER_SECRET: SECRET, AUTOMN_RUNNER_PUBLIC_URL: `http://127.0.0.1:${port}`, AUTOMN_RUNNER_PORT: String(port) }),
  });
  afterwards(t, () => runner.stop());
  await host.registered();
  for (const [language, code] of [["node", "AutomnReturn(AutomnInput.n + 1)"], ["shell", "AutomnReturn 42"]] as const) {
    const done = await host.dispatch(RUNNER_ID, { id: "s", language, code }, { input: { n: 41 } });
    assert.deepEqual([done.result?.returnData, done.result?.stderr], [42, ""], `${language}: ${done.failure}`);
  }
  for (const path of ["/", "/assets/runner.css"]) assert.equal((await fetch(runner.url + path)).status, 200, path);
  await access(join(target, "runner", "data", "state", "runner-state.json"));
  await runner.stop();
});

test("npm install -g: the package runs scripts, and keeps its data in the user's own folder, which is logged", { timeout: 120_000 }, async (t) => {
  const folder = await temporaryDirectory(t);
  const npm = (...args: string[]) => run(NPM, [...args, "--offline", "--no-audit", "--no-fund", "--cache", join(folder, "cache")], { cwd: ROOT, shell: process.platform === "win32" });
  const { stdout } = await npm("pack", "--silent", "--pack-destination", folder);
  await npm("install", "--global", "--prefix", folder, join(folder, stdout.trim()));
  const installed = join(folder, process.platform === "win32" ? "" : "lib", "node_modules", "automn-runner");
  const before = await readdir(installed, { recursive: true });
  const state = join(folder, "xdg");
  for (const [env, data] of [[{ XDG_STATE_HOME: state }, join(state, "automn-runner")], [{}, join(folder, ".local", "state", "automn-runner")]] as const) {
    const runner = await startBuiltRunner({
      service: join(installed, "runner", "service.js"), env: plainEnvironment({ HOME: folder, AUTOMN_RUNNER_PORT: "0", AUTOMN_RUNNER_SECRET: SECRET, ...env }),
    });
    afterwards(t, () => runner.stop());
    const { config } = (await (await fetch(`${runner.url}/status`)).json()) as { config: Record<string, string> };
    assert.deepEqual([config["stateDir"], config["scriptsDir"], config["workdirDir"]], ["state", "scripts", "script_workdir"].map((name) => join(data, name)));
    const line = await until(() => runner.log.find(({ message }) => message === "Directories"), "the log");
    assert.equal(line["state"], join(data, "state"));
    for (const [language, code] of [["node", "AutomnReturn(42)"], ["shell", "AutomnReturn 42"]] as const) {
      assert.equal((await runJob(runner.url, SECRET, { script: { language, code } })).returnData, 42, language);
    }
    await runner.stop();
  }
  assert.deepEqual((await readdir(installed, { recursive: true })).sort(), before.sort(), "nothing is written into the package");
});

test("npm start and node runner/service.js: a checkout that is not built says how to build it", { timeout: 60_000 }, async (t) => {
  const checkout = await temporaryDirectory(t);
  await cp(join(ROOT, "package.json"), join(checkout, "package.json"));
  const emitted = /(?<!service\.js)\.js$|\.js\.map$|[\\/]runner[\\/](data|public)$/;
  await cp(join(ROOT, "runner"), join(checkout, "runner"), { recursive: true, filter: (source) => !emitted.test(source) });
  for (const [program, ...args] of [[process.execPath, "runner/service.js"], [process.execPath, "runner/service.js", "--version"], [NPM, "start", "--silent"]] as const) {
    await assert.rejects(run(program, args, { cwd: checkout, shell: process.platform === "win32" }), (error: { code?: number; stderr?: string }) => {
      assert.equal(error.code, 1);
      assert.equal(error.stderr, "This checkout is not built yet: run `npm run build` once, then start the runner again.\n");
      return true;
    });
  }
});

/** A Node of a major version from the npm registry; or why there is none. */
async function nodeFromRegistry(t: TestContext, version: string): Promise<string | { readonly missing: string }> {
  const folder = await temporaryDirectory(t);
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${platform}-${process.arch}`;
  try {
    await run(NPM, ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0", "--fetch-timeout=60000", `${name}@${version}`], { shell: process.platform === "win32" });
    const binary = join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
    await access(binary);
    return binary;
  } catch (error) {
    return { missing: (error as Error).message.split("\n").slice(0, 2).join(" ") };
  } finally {
    await rm(join(folder, "package-lock.json"), { force: true });
  }
}

for (const version of ["18", "20.10.0"]) {
  test(`Node ${version}: the start names the version that is needed and exits with 1`, { timeout: 180_000 }, async (t) => {
    const node = await nodeFromRegistry(t, version);
    if (typeof node !== "string") return t.skip(`NOT TESTED ON NODE ${version}: ${node.missing}`);
    await assert.rejects(startBuiltRunner({ node, env: plainEnvironment({}) }), (error) => {
      assert.ok(error instanceof NotStarted);
      assert.equal(error.end?.code, 1, error.output);
      assert.match(error.output, /^The Automn runner needs Node\.js 20\.11\.0 or newer, this is (18|20\.10)\.\S+\.\n$/);
      return true;
    });
  });
}

test("Node 24: the compile cache is kept for the next start", { timeout: 180_000 }, async (t) => {
  const node = await nodeFromRegistry(t, "24.4.0");
  if (typeof node !== "string") return t.skip(`NOT TESTED ON NODE 24: ${node.missing}`);
  const data = await temporaryDirectory(t);
  const compiled = async () => (await readdir(join(data, "state", "compiled"), { recursive: true }).catch(() => [])).length;
  const env = plainEnvironment({ AUTOMN_RUNNER_SECRET: SECRET, AUTOMN_RUNNER_PORT: "0", AUTOMN_RUNNER_DATA_DIR: data });
  for (const before of [0, 50]) {
    assert.ok((await compiled()) >= before, `${await compiled()} files`);
    const runner = await startBuiltRunner({ node, env });
    afterwards(t, () => runner.stop());
    assert.equal((await runJob(runner.url, SECRET, { script: { language: "shell", code: "AutomnReturn 1" } })).returnData, 1);
    assert.deepEqual(await runner.stop(), { code: 0, signal: null });
  }
});

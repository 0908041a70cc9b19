// npm packages of a script, seen from inside its run; the registry is the test's own.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { SECRET } from "../support/host.ts";
import { postJob, runJob } from "../support/job.ts";
import { startNpmRegistry } from "../support/npm-registry.ts";
import { startService } from "../support/service.ts";
import type { Service } from "../support/service.ts";
import { until } from "../support/until.ts";

const CONTENT = {
  "left": { "1.2.0": { "index.js": "module.exports = 'left ' + require('right');", "package.json": JSON.stringify({ dependencies: { right: "^1.0.0" } }) } },
  "right": { "1.0.0": { "index.js": "module.exports = 'right';" } },
  "@own/module": { "2.0.0": { "index.mjs": "export default 'module';", "package.json": JSON.stringify({ type: "module", exports: "./index.mjs" }) } },
};

/** Makes the packages known to the runner, and `cp` to a script. */
const NEEDS = "require('left'); import('@own/module'); const cp = require('child_process'), fs = require('fs'), { Worker } = require('worker_threads');\n";

describe("a script's npm packages", { skip: process.platform === "win32" }, () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  let service: Service;
  before(async () => {
    const t = { after: (cleanup: () => Promise<void> | void) => void cleanups.unshift(cleanup), skip: () => {} };
    const registry = await startNpmRegistry(t, CONTENT);
    service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET, npm_config_registry: registry.url, npm_config_cache: await temporaryFolder(t) });
  });
  after(async () => { for (const cleanup of cleanups) await cleanup(); });

  const ways: readonly (readonly [name: string, code: string, returned: unknown])[] = [
    ["by a child with -e", "AutomnReturn(cp.execFileSync(process.execPath, ['-e', 'console.log(require(\"left\"))']).toString())", "left right\n"],
    ["by a child with -e that is an ES module", "AutomnReturn(cp.execFileSync(process.execPath, ['--input-type=module', '-e', 'import m from \"@own/module\"; console.log(m)']).toString())", "module\n"],
    ["by a child that reads its program from standard input", "AutomnReturn(cp.execFileSync(process.execPath, ['-'], { input: 'console.log(require(\"left\"))' }).toString())", "left right\n"],
    ["by a worker of a text", "new Worker('require(\"worker_threads\").parentPort.postMessage(require(\"left\"))', { eval: true }).on('message', AutomnReturn)", "left right"],
    ["by createRequire", "AutomnReturn(require('module').createRequire(process.cwd() + '/')('left'))", "left right"],
    ["by require.resolve with paths", "AutomnReturn(require(require.resolve('left', { paths: [process.cwd()] })))", "left right"],
    ["by a CommonJS file that is written there", "fs.writeFileSync('own.cjs', 'module.exports = require(\"left\")'); AutomnReturn(require(process.cwd() + '/own.cjs'))", "left right"],
    ["by an ES module that is written there", "fs.writeFileSync('own.mjs', 'export { default } from \"@own/module\"'); import(process.cwd() + '/own.mjs').then((m) => AutomnReturn(m.default))", "module"],
    ["by a file in a folder below", "fs.mkdirSync('a/b', { recursive: true }); fs.writeFileSync('a/b/own.cjs', 'module.exports = require(\"left\")'); AutomnReturn(require(process.cwd() + '/a/b/own.cjs'))", "left right"],
    ["by a fork of a file that is written there", "fs.writeFileSync('own.cjs', 'process.send(require(\"left\"))'); cp.fork('./own.cjs').on('message', AutomnReturn)", "left right"],
    ["as the same modules that the script itself has", "require('left'); AutomnReturn(require('module').createRequire(process.cwd() + '/').resolve('left') === require.resolve('left'))", true],
    ["which is empty", "AutomnReturn(fs.readdirSync('.'))", []],
  ];
  for (const [name, code, returned] of ways) test(`are found from its working directory ${name}`, { timeout: 120_000 }, async () => {
    const job = { script: { id: "ways", language: "node", code: NEEDS + code } };
    const first = await runJob(service.url, SECRET, job);
    assert.deepEqual([first.code, first.stderr, first.returnData], [0, "", returned]);
    await until(async () => (await service.status()).warm["node"]?.ready === 1, "a process that waits");
    const second = await runJob(service.url, SECRET, job);
    assert.deepEqual([second.start, second.code, second.stderr, second.returnData], ["warm", 0, "", returned]);
  });

  const SURVIVES = "const left = require('left'); let fast; try { fast = require('my-company-addon') } catch (error) { fast = error.code } import('@my/other').catch((error) => AutomnReturn([left, fast, error.code]))";
  test("end no run where the script can do without those that cannot be had", { timeout: 120_000 }, async () => {
    const job = { script: { id: "survives", language: "node", code: SURVIVES } };
    for (const start of ["cold", "warm"]) {
      if (start === "warm") await until(async () => (await service.status()).warm["node"]?.ready === 1, "a process that waits");
      const posted = await postJob(service.url, SECRET, job);
      const { code, stderr, returnData } = await posted.result;
      assert.deepEqual([code, stderr, returnData], [0, "", ["left right", "MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"]]);
      assert.match(posted.log, /^\[npm\] The script runs without my-company-addon, @my\/other: its code can do without\.$/m);
    }
  });

  test("end the run with code 90 where one that it needs cannot be had", { timeout: 120_000 }, async () => {
    const { code, stderr } = await runJob(service.url, SECRET, { script: { id: "needs", language: "node", code: `require('my-company-addon');${SURVIVES}` } });
    assert.equal(code, 90);
    assert.match(stderr, /Cannot install the npm package my-company-addon: .*404/);
    assert.doesNotMatch(stderr, /@my\/other/);
  });

  test("are not found from the working directory of a run without any", async () => {
    const code = "try { require('module').createRequire(process.cwd() + '/')(['left'][0]); } catch (error) { AutomnReturn([error.code, require('fs').readdirSync('..').sort()]); }";
    const { returnData } = await runJob(service.url, SECRET, { script: { id: "none", language: "node", code } });
    assert.deepEqual(returnData, ["MODULE_NOT_FOUND", ["input.json", "work"]]);
  });
});

test("a file that a script writes has the module type of its syntax, wherever the data folder lies", async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await mkdir(join(folder, "data"));
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET }, join(folder, "data"));
  const code = "require('fs').writeFileSync('own.js', 'module.exports = require(\"path\").sep'); AutomnReturn([require('child_process').execFileSync(process.execPath, ['-p', 'require(\"./own.js\")']).toString(), require(process.cwd() + '/own.js')])";
  const result = await runJob(service.url, SECRET, { script: { id: "type", language: "node", code } });
  assert.deepEqual([result.code, result.stderr, result.returnData], [0, "", ["/\n", "/"]]);
});

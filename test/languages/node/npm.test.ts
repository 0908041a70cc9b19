import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { failure, type Harness, openHarness, ready, registryMissing } from "../../packages/harness.ts";

const run = promisify(execFile);

/** Runs code where a script's code lies. */
async function runIn(codeHome: string, code: string): Promise<string> {
  await mkdir(join(codeHome, "code"), { recursive: true });
  const file = join(codeHome, "code", "script.js");
  await writeFile(file, code);
  return (await run(process.execPath, ["--experimental-detect-module", file])).stdout.trim();
}

describe("npm packages from the registry", { skip: registryMissing }, () => {
  let harness: Harness;
  before(async () => { harness = await openHarness(); });
  after(() => harness.close());

  const scripts = [
    { what: "a package by require", code: 'console.log(require("is-number")(4)) // @^7', prints: "true" },
    { what: "a version from a comment", code: 'require("is-number") // @6.0.0\nconsole.log(require("is-number/package.json").version)', prints: "6.0.0" },
    { what: "a scoped package", code: 'console.log(typeof require("@sindresorhus/is").default) // @4.6.0', prints: "function" },
    { what: "a package that is an ES module only, by import", code: 'import pLimit from "p-limit"; console.log(typeof pLimit(1))', prints: "function" },
    { what: "a package with a sub-path by require", code: 'console.log(require("lodash/chunk")([1, 2, 3], 2).length)', prints: "2" },
    { what: "a native part whose binary is another package of the registry", code: 'import { parse } from "@swc/core"; console.log((await parse("1")).type)', prints: "Module", heavy: true },
  ];
  for (const { what, code, prints } of scripts) {
    test(what, async () => {
      const provision = ready(await harness.ensure(code, { home: what.replaceAll(" ", "-") }));
      assert.equal(await runIn(provision.codeHome ?? "", code), prints);
      provision.release();
    });
  }

  test("what npm says is handed on line by line under its name", async () => {
    assert.ok(harness.lines.length > 0);
    assert.deepEqual(harness.lines.filter((line) => !line.startsWith("[npm] ")), []);
    assert.ok(harness.lines.some((line) => /added \d+ package/.test(line)), harness.lines.join("\n"));
  });

  test("a set's package.json does not say what kind of module the code beside it is", async () => {
    const { codeHome = "", release } = ready(await harness.ensure('require("is-number") // @^7'));
    assert.equal((JSON.parse(await readFile(join(codeHome, "package.json"), "utf8")) as { type?: string }).type, undefined);
    release();
  });

  test("a package that does not exist is named with npm's own reason", async () => {
    const message = failure(await harness.ensure('require("automn-runner-no-such-package")', { home: "absent" }));
    assert.match(message, /^Cannot install the npm package automn-runner-no-such-package: .*404/s);
    assert.deepEqual(await harness.sets("absent"), []);
  });

  test("of three packages the one that does not exist is named alone", async () => {
    const message = failure(await harness.ensure('require("is-number"); require("automn-runner-no-such-package"); require("lodash")', { home: "one-of-three" }));
    assert.match(message, /^Cannot install the npm package automn-runner-no-such-package: /);
    assert.doesNotMatch(message, /is-number|lodash/);
  });

  test("two that can't be had are named with a reason each", async () => {
    const message = failure(await harness.ensure('require("is-number") // @^99\nrequire("automn-runner-no-such-package"); require("lodash")', { home: "two-of-three" }));
    assert.match(message, /Cannot install the npm package is-number: ETARGET: No matching version found for is-number@\^99/);
    assert.match(message, /Cannot install the npm package automn-runner-no-such-package: .*404/s);
    assert.doesNotMatch(message, /lodash/);
  });

  test("a conflict of peer dependencies is settled with --legacy-peer-deps", async () => {
    const code = 'require("react") // @16.14.0\nrequire("react-dom") // @18.2.0\n';
    harness.lines.length = 0;
    const { codeHome = "", release } = ready(await harness.ensure(code, { home: "peers" }));
    assert.ok(harness.lines.some((line) => line.includes("--legacy-peer-deps")), harness.lines.join("\n"));
    assert.equal(await runIn(codeHome, 'console.log(require("react/package.json").version, require("react-dom/package.json").version)'), "16.14.0 18.2.0");
    release();
  });

  test("a set satisfies every script whose versions it meets, and no other", async () => {
    const home = "versions";
    ready(await harness.ensure('require("is-number") // @6', { home })).release();
    const [first] = await harness.sets(home);
    for (const comment of ["", " // @^6.0.0", " // @>=5 <7"]) {
      const provision = ready(await harness.ensure(`require("is-number")${comment}`, { home }));
      assert.ok(provision.codeHome?.endsWith(first ?? "?"), comment);
      provision.release();
    }
    ready(await harness.ensure('require("is-number") // @5', { home })).release();
    assert.equal((await harness.sets(home)).length, 2);
  });
});

test("no npm to be found is said with the variable that names one", async () => {
  const harness = await openHarness({ npmPath: "/nowhere/npm" });
  const message = failure(await harness.ensure('require("is-number")'));
  assert.equal(message, 'Cannot install the npm package is-number: there is no npm at "/nowhere/npm", which AUTOMN_RUNNER_NPM_PATH names');
  await harness.close();
});

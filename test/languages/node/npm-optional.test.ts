// npm and packages that a script can do without, against a registry of the test's own.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { failure, openHarness, ready } from "../../packages/harness.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { openNpmRegistry } from "../../support/npm-registry.ts";

async function start(t: Parameters<typeof temporaryFolder>[0]) {
  const [registry, home] = [await openNpmRegistry(), await temporaryFolder(t)];
  const environment = {
    PATH: process.env["PATH"], HOME: home, npm_config_registry: registry.url, npm_config_cache: `${home}/cache`,
    npm_config_fetch_retries: "1", npm_config_fetch_retry_mintimeout: "10", npm_config_fetch_retry_maxtimeout: "20",
  };
  const harness = await openHarness({ environment });
  t.after(async () => {
    await harness.close();
    await registry.close();
  });
  for (const name of ["a", "b"]) registry.publish({ name, version: "1.2.3" });
  return { registry, harness };
}

/** The packages in a folder. */
const names = async (folder: string) => (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();

test("optional packages are installed where they can be had", async (t) => {
  const { harness } = await start(t);
  const { folder, release } = ready(await harness.ensure('require("a"); try { require("b") } catch {}'));
  assert.deepEqual(await names(folder), ["a", "b"]);
  release();
});

test("one that does not exist is left out, and npm's reason is said", async (t) => {
  const { harness, registry } = await start(t);
  const code = `
    require("a"); let fast; try { fast = require("my-company-addon") } catch { fast = null }
    import("@my/other").catch(() => {}); if (b) require("b") // @^9
  `;
  const { folder, release } = ready(await harness.ensure(code));
  assert.deepEqual(await names(folder), ["a"]);
  release();
  const said = harness.lines.join("\n");
  assert.match(said, /npm package my-company-addon: .*404/);
  assert.match(said, /npm package @my\/other: .*404/);
  assert.match(said, /npm package b: .*No matching version found for b@\^9/);
  assert.match(said, /^\[npm\] The script runs without my-company-addon, @my\/other, b@\^9: its code can do without\.$/m);
  registry.requests.length = 0;
  ready(await harness.ensure(code)).release();
  assert.deepEqual(registry.requests, [], "the next run asks for nothing");
});

test("a script that needs nothing but what does not exist runs", async (t) => {
  const { harness } = await start(t);
  assert.deepEqual(await harness.ensure('try { require("absent") } catch {}'), { kind: "nothing-needed" });
  assert.match(harness.lines.join("\n"), /npm package absent: .*404/);
});

test("what is needed and does not exist is the failure, and is named alone", async (t) => {
  const { harness } = await start(t);
  const message = failure(await harness.ensure('require("absent"); try { require("absent-too"); require("a") } catch {}'));
  assert.match(message, /^Cannot install the npm package absent: .*404/);
  assert.doesNotMatch(message, /absent-too/);
});

test("one whose install script fails is left out with what it brought", async (t) => {
  const { harness, registry } = await start(t);
  registry.publish({ name: "broken", version: "1.0.0", scripts: { install: "exit 3" } });
  const { folder, release } = ready(await harness.ensure('require("a"); if (b) require("broken")'));
  assert.deepEqual(await names(folder), ["a"]);
  assert.match(harness.lines.join("\n"), /Cannot install the npm package broken: npm did not install it/);
  release();
});

test("a registry that answers nobody is no failure where nothing is needed", async (t) => {
  const { harness, registry } = await start(t);
  registry.failWith(503);
  for (let run = 0; run < 2; run++) assert.deepEqual(await harness.ensure('try { require("a") } catch {}'), { kind: "nothing-needed" });
  assert.match(harness.lines.join("\n"), /Cannot install the npm package a: .*503/);
  const asked = registry.requests.length;
  assert.deepEqual(await harness.ensure('try { require("a") } catch {}'), { kind: "nothing-needed" });
  assert.equal(registry.requests.length, asked);
  const message = failure(await harness.ensure('require("a"); try { require("b") } catch {}', { home: "two" }));
  assert.match(message, /^Cannot install the npm package a: .*503/);
});

test("no npm at all is no failure where nothing is needed", async (t) => {
  const harness = await openHarness({ npmPath: "/nowhere/npm" });
  t.after(() => harness.close());
  assert.deepEqual(await harness.ensure('try { require("a") } catch {}'), { kind: "nothing-needed" });
  assert.match(harness.lines.join("\n"), /there is no npm at "\/nowhere\/npm"/);
});

import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Installed, Installer, InstallTask } from "../../runner/languages/installer.ts";
import { failure, languagesWith, node, openHarness, ready } from "./harness.ts";
import { until } from "../support/until.ts";

/** An installer without a network: packages named `absent…` are refused, `slow…` never end, `gated…` wait for `open`. */
function fakeInstaller() {
  const calls: string[][] = [];
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => { open = resolve; });
  let running = 0;
  let maxRunning = 0;
  const installer: Installer = {
    label: "npm", noun: "npm package", worksOffline: false,
    async install(task: InstallTask): Promise<Installed> {
      calls.push(task.requirements.map(({ name }) => name));
      running += 1;
      maxRunning = Math.max(maxRunning, running);
      try {
        task.say(`fetching ${task.requirements.length}`);
        await mkdir(join(task.directory, "node_modules"));
        await writeFile(join(task.directory, "node_modules", "half"), "x".repeat(100));
        if (task.requirements.some(({ name }) => name.startsWith("slow"))) await task.tool(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log('started')"]);
        if (task.requirements.some(({ name }) => name.startsWith("gated"))) await ticking(task, gate);
        else await delay(20);
        const refused = task.requirements.filter(({ name }) => name.startsWith("absent")).map(({ name }) => ({ name, reason: "not there" }));
        const resolved: Record<string, string> = {};
        for (const { name, version } of task.requirements.filter((one) => !one.name.startsWith("absent"))) {
          resolved[name] = version?.replace(/^\D*/, "") ?? "1.0.0";
          await mkdir(join(task.directory, "node_modules", name), { recursive: true });
          await writeFile(join(task.directory, "node_modules", name, "package.json"), JSON.stringify({ name, version: resolved[name] }));
          await writeFile(join(task.directory, "node_modules", name, "data"), "x".repeat(1000));
        }
        return { resolved, refused };
      } finally {
        running -= 1;
      }
    },
  };
  return { calls, open, get maxRunning() { return maxRunning; }, installer };
}

/** Says something again and again until the gate opens. */
async function ticking(task: InstallTask, gate: Promise<void>): Promise<void> {
  const timer = setInterval(() => task.say("tick"), 5);
  await gate;
  clearInterval(timer);
}

describe("Packages.ensure: installing", () => {
  test("30 first runs of a script at once install once", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    const provisions = (await Promise.all(Array.from({ length: 30 }, () => harness.ensure('require("a")')))).map(ready);
    assert.equal(fake.calls.length, 1);
    assert.equal(new Set(provisions.map(({ codeHome }) => codeHome)).size, 1);
    assert.equal(harness.lines.filter((line) => line === "[npm] fetching 1").length, 30, "each of them is told of it");
    await harness.close();
  });

  test("of 30 scripts, no more than `concurrency` install at a time", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer, concurrency: 3 });
    await Promise.all(Array.from({ length: 30 }, async (_, index) => ready(await harness.ensure('require("a")', { home: `s${index}` }))));
    assert.equal(fake.calls.length, 30);
    assert.equal(fake.maxRunning, 3);
    await harness.close();
  });

  test("a run waits for an installation under way that has what it needs", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    const saving = harness.packages.status({ scriptId: "1", home: "one", names: ["a", "gated", "absent-b"], installMissing: true, language: "node", interpreter: node }, 60_000);
    await until(() => fake.calls.length === 1, "the installer to begin");
    const run = harness.ensure('require("a")');
    fake.open();
    ready(await run);
    assert.deepEqual((await saving).map(({ name, status, message }) => [name, status, message]), [["a", "installed", "1.0.0"], ["gated", "installed", "1.0.0"], ["absent-b", "error", "not there"]]);
    assert.equal(fake.calls.length, 1);
    await harness.close();
  });

  test("a cancelled run ends the installer, and no half of a set is left", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    const controller = new AbortController();
    const run = harness.ensure('require("slow")', {}, controller.signal);
    await until(() => harness.lines.includes("[npm] started"), "the installer's program to start");
    controller.abort();
    assert.deepEqual(await run, { kind: "stopped" });
    assert.deepEqual(await harness.sets(), []);
    await harness.close();
  });

  test("a cancelled run leaves the installation to the others that wait for it", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    const controller = new AbortController();
    const first = harness.ensure('require("gated")', {}, controller.signal);
    await until(() => fake.calls.length === 1, "the installer to begin");
    const heard: string[] = [];
    const second = harness.packages.ensure({ scriptId: "1", home: "one", language: "node", interpreter: node, code: 'require("gated")' }, { say: (line) => heard.push(line), signal: new AbortController().signal });
    await until(() => heard.length > 0, "a line of the installer");
    controller.abort();
    assert.deepEqual(await first, { kind: "stopped" });
    fake.open();
    ready(await second);
    assert.equal(fake.calls.length, 1);
    await harness.close();
  });

  test("a run that waits for its turn to install can be cancelled", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer, concurrency: 1 });
    const first = harness.ensure('require("gated")');
    await until(() => fake.calls.length === 1, "the installer to begin");
    const controller = new AbortController();
    const second = harness.ensure('require("b")', { home: "two" }, controller.signal);
    controller.abort();
    assert.deepEqual(await second, { kind: "stopped" });
    fake.open();
    ready(await first);
    await harness.close();
  });

  test("an installation that takes too long is ended, and the message says so", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer, timeoutMs: 300 });
    assert.equal(failure(await harness.ensure('require("slow")')), "Cannot install the npm package slow: it took longer than 0.3 s (AUTOMN_RUNNER_INSTALL_TIMEOUT_MS)");
    assert.deepEqual(await harness.sets(), []);
    await harness.close();
  });

  test("close: ends what is being installed", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    const run = harness.ensure('require("slow")');
    await until(() => harness.lines.includes("[npm] started"), "the installer's program to start");
    await harness.packages.close();
    assert.match(failure(await run), /the runner is shutting down/);
    await harness.close();
  });
});

describe("Packages.ensure: sets that are there", () => {
  test("a set that is there serves every later run, and nothing is installed or said again", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    const code = 'const a = require("a");\n'.padEnd(5_000, "// filler\n");
    const first = ready(await harness.ensure(code));
    first.release();
    harness.lines.length = 0;
    for (let round = 0; round < 20; round++) {
      const again = ready(await harness.ensure(code));
      assert.equal(again.codeHome, first.codeHome);
      again.release();
    }
    assert.deepEqual([fake.calls.length, harness.lines], [1, []]);
    await harness.close();
  });

  test("code without imports, a language without packages, and mode off need nothing", async () => {
    const fake = fakeInstaller();
    const [on, off] = [await openHarness({ npm: fake.installer }), await openHarness({ npm: fake.installer, mode: "off" })];
    assert.deepEqual(await on.ensure('require("fs"); require("./x")'), { kind: "nothing-needed" });
    assert.deepEqual(await off.ensure('require("a")'), { kind: "nothing-needed" });
    assert.deepEqual(await on.ensure("echo", { language: "shell" }), { kind: "nothing-needed" });
    assert.equal(fake.calls.length, 0);
    await Promise.all([on.close(), off.close()]);
  });

  test("a script whose needs cannot be read fails with the reason", async () => {
    const harness = await openHarness({ npm: fakeInstaller().installer });
    assert.match(failure(await harness.ensure('require("a") // @1\nrequire("a") // @2')), /Cannot choose a version of a/);
    await harness.close();
  });

  const losses = [
    { what: "the set's folder", path: "" },
    { what: "node_modules", path: "node_modules" },
    { what: "a package", path: "node_modules/a" },
  ];
  for (const { what, path } of losses) {
    test(`a set is installed anew after somebody removed ${what}`, async () => {
      const fake = fakeInstaller();
      const harness = await openHarness({ npm: fake.installer });
      const { codeHome = "", release } = ready(await harness.ensure('require("a")'));
      release();
      await rm(join(codeHome, path), { recursive: true });
      const again = ready(await harness.ensure('require("a")'));
      assert.deepEqual((await readdir(join(again.codeHome ?? "", "node_modules"))).sort(), ["a", "half"]);
      assert.equal(fake.calls.length, 2);
      await harness.close();
    });
  }

  test("a set outlives its runner and is found by the next one", async () => {
    const fake = fakeInstaller();
    const first = await openHarness({ npm: fake.installer });
    ready(await first.ensure('require("a")')).release();
    await first.packages.close();
    const second = await openHarness({ npm: fake.installer, root: first.root });
    ready(await second.ensure('require("a")')).release();
    assert.equal(fake.calls.length, 1);
    await second.close();
    await first.close();
  });

  test("a set that was damaged while no runner ran is installed anew", async () => {
    const fake = fakeInstaller();
    const first = await openHarness({ npm: fake.installer });
    const { codeHome = "", release } = ready(await first.ensure('require("a")'));
    release();
    await first.packages.close();
    await rm(join(codeHome, "node_modules", "a"), { recursive: true });
    const second = await openHarness({ npm: fake.installer, root: first.root });
    const provision = ready(await second.ensure('require("a")'));
    assert.ok((await readdir(join(provision.codeHome ?? "", "node_modules"))).includes("a"));
    assert.equal(fake.calls.length, 2);
    provision.release();
    await second.close();
    await first.close();
  });

  test("a set can be installed again while the one of its name is still being removed", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    for (let round = 0; round < 5; round++) {
      ready(await harness.ensure('require("a")')).release();
      const clearing = harness.packages.clear(0);
      ready(await harness.ensure('require("a")')).release();
      await clearing;
    }
    ready(await harness.ensure('require("a")')).release();
    await harness.close();
  });

  test("sets of one Python version are told apart by its ABI", async () => {
    const calls: string[] = [];
    const installer: Installer = {
      label: "pip", noun: "Python package", worksOffline: false,
      async install({ packagesDir, requirements, interpreter }) {
        calls.push(`${interpreter.version}${interpreter.flavour ?? ""}`);
        await mkdir(packagesDir, { recursive: true });
        return { resolved: Object.fromEntries(requirements.map(({ name }) => [name, "1.0"])), refused: [] };
      },
    };
    const harness = await openHarness({ languages: languagesWith({ python: installer }) });
    const script = '# /// script\n# dependencies = ["a"]\n# ///\n';
    for (const interpreter of [{ version: "3.13.1" }, { version: "3.13.1", flavour: "t" }, { version: "3.13.2", flavour: "" }, { version: "3.13.2", flavour: "t" }]) {
      ready(await harness.ensure(script, { language: "python", interpreter: { path: "python3", ...interpreter } })).release();
    }
    assert.deepEqual(calls, ["3.13.1", "3.13.1t"]);
    assert.deepEqual((await harness.sets()).map((name) => name.split("-")[0]), ["python3.13", "python3.13t"]);
    await harness.close();
  });

  test("a record of a language that is not known is no set", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    const { codeHome = "", release } = ready(await harness.ensure('require("a")'));
    release();
    const record = join(codeHome, ".automn-set.json");
    const other = join(harness.scriptsDir, "two", "sets", "cobol1-linux-x64-0");
    await mkdir(other, { recursive: true });
    await writeFile(join(other, ".automn-set.json"), (await readFile(record, "utf8")).replace('"language": "node"', '"language": "cobol"'));
    await harness.packages.restore(() => Promise.resolve(undefined));
    assert.equal(harness.packages.summary.sets, 1);
    await harness.close();
  });

  test("an old set stays while a run uses it, and is removed afterwards", async () => {
    const harness = await openHarness({ npm: fakeInstaller().installer });
    const oldest = ready(await harness.ensure('require("a")'));
    for (const name of ["b", "c", "d"]) ready(await harness.ensure(`require("${name}")`)).release();
    assert.equal((await harness.sets()).length, 3);
    assert.ok((await readdir(oldest.codeHome ?? "")).includes("node_modules"));
    oldest.release();
    await until(async () => (await harness.sets()).length === 2, "the old set to be removed");
    await harness.close();
  });

  test("sets that take more than `maxBytes` are removed, the least recently used first, none in use", async () => {
    const harness = await openHarness({ npm: fakeInstaller().installer, maxBytes: 4_500 });
    const used = ready(await harness.ensure('require("a")', { home: "a" }));
    for (const home of ["b", "c"]) {
      ready(await harness.ensure(`require("${home}")`, { home })).release();
      await delay(10);
    }
    ready(await harness.ensure('require("b")', { home: "b" })).release();
    await delay(10);
    ready(await harness.ensure('require("d")', { home: "d" })).release();
    const left = (await Promise.all(["a", "b", "c", "d"].map(async (home) => [home, (await harness.sets(home)).length]))).filter(([, count]) => count === 1);
    assert.deepEqual(left.map(([home]) => home), ["a", "b", "d"]);
    used.release();
    await harness.close();
  });

  test("a set that another runner uses is not removed", async () => {
    const fake = fakeInstaller();
    const first = await openHarness({ npm: fake.installer });
    const second = await openHarness({ npm: fake.installer, root: first.root, maxBytes: 1 });
    const used = ready(await first.ensure('require("a")', { home: "a" }));
    ready(await second.ensure('require("b")', { home: "b" })).release();
    assert.equal((await second.packages.clear(0)).left, 1);
    assert.equal((await first.sets("a")).length, 1);
    used.release();
    await second.close();
    await first.close();
  });

  test("clear: waits for the runs that use a set; a new run installs its own", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    const used = ready(await harness.ensure('require("a")'));
    ready(await harness.ensure('require("b")', { home: "two" })).release();
    const clearing = harness.packages.clear(60_000);
    await until(async () => (await harness.sets("two")).length === 0, "the unused set to be removed");
    const newer = ready(await harness.ensure('require("a")'));
    assert.notEqual(newer.codeHome, used.codeHome);
    assert.ok((await readdir(used.codeHome ?? "")).includes("node_modules"));
    used.release();
    assert.equal((await clearing).removed, 2);
    assert.equal((await harness.sets()).length, 1);
    await harness.close();
  });

  test("restore: sets that were lost are installed anew, with the versions that they had", async () => {
    const fake = fakeInstaller();
    const first = await openHarness({ npm: fake.installer });
    ready(await first.ensure('require("a") // @^2.1.0\nrequire("b")')).release();
    await first.packages.close();
    await rm(first.scriptsDir, { recursive: true });
    const second = await openHarness({ npm: fake.installer, root: first.root });
    await second.packages.restore(() => Promise.resolve(node));
    assert.equal(fake.calls.length, 2);
    ready(await second.ensure('require("a") // @^2.1.0\nrequire("b")')).release();
    assert.equal(fake.calls.length, 2);
    await second.packages.clear(0);
    await second.packages.restore(() => Promise.resolve(node));
    assert.equal(fake.calls.length, 2, "what was removed on purpose is not restored");
    await second.close();
    await first.close();
  });

  test("restore: sweeps up what killed processes left, and not what another process works on", async () => {
    const harness = await openHarness({ npm: fakeInstaller().installer });
    ready(await harness.ensure('require("a")')).release();
    const sets = join(harness.scriptsDir, "one", "sets");
    const [own] = (await readdir(join(sets, (await harness.sets())[0] ?? "", ".leases")));
    const host = own?.split("-")[0] ?? "";
    const old = join(sets, ".staging-0a0b0c0d-77-cafe");
    for (const folder of [join(sets, `.staging-${host}-999999999-cafe-01`), old, join(sets, ".staging-0a0b0c0d-78-cafe"), join(sets, `.staging-${host}-1-cafe-01`), join(sets, ".trash-x")]) await mkdir(join(folder, "set"), { recursive: true });
    await utimes(old, new Date(0), new Date(0));
    await harness.packages.restore(() => Promise.resolve(undefined));
    assert.deepEqual((await harness.sets()).filter((name) => name.startsWith(".")), [".staging-0a0b0c0d-78-cafe", `.staging-${host}-1-cafe-01`].sort());
    await harness.close();
  });
});

describe("Packages.ensure: packages that the script can do without", () => {
  const WITHOUT = "[npm] The script runs without absent-x: its code can do without.";

  test("one that cannot be had is no failure: the others are there, and the reason is said", async () => {
    const harness = await openHarness({ npm: fakeInstaller().installer });
    const { folder, release } = ready(await harness.ensure('require("a"); try { require("absent-x"); require("b") } catch {}'));
    assert.deepEqual((await readdir(folder)).sort(), ["a", "b", "half"]);
    assert.deepEqual(harness.lines, ["[npm] fetching 3", "[npm] Cannot install the npm package absent-x: not there", WITHOUT]);
    release();
    await harness.close();
  });

  test("it is not tried again in each run, but each run says that it goes without", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    for (let run = 0; run < 3; run++) ready(await harness.ensure('require("a"); if (b) require("absent-x")')).release();
    assert.equal(fake.calls.length, 1);
    assert.equal(harness.lines.filter((line) => line === WITHOUT).length, 3);
    const notes: string[] = [];
    const quiet = { say: () => assert.fail("nothing is waited for"), note: (line: string) => void notes.push(line), signal: new AbortController().signal };
    const request = { scriptId: "1", home: "one", language: "node", interpreter: node, code: 'require("a"); if (b) require("absent-x")' };
    ready(await harness.packages.ensure(request, quiet)).release();
    assert.deepEqual(notes, [WITHOUT]);
    await harness.close();
  });

  test("a runner that is started again tries again", async () => {
    const fake = fakeInstaller();
    const first = await openHarness({ npm: fake.installer });
    ready(await first.ensure('require("a"); if (b) require("absent-x")')).release();
    await first.packages.close();
    const second = await openHarness({ npm: fake.installer, root: first.root });
    ready(await second.ensure('require("a"); if (b) require("absent-x")')).release();
    assert.equal(fake.calls.length, 2);
    assert.equal((await second.sets()).length, 1, "what was installed before is the same set");
    await second.close();
    await first.close();
  });

  test("without any that can be had, the script needs nothing", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    for (let run = 0; run < 2; run++) assert.deepEqual(await harness.ensure('try { require("absent-x") } catch {}'), { kind: "nothing-needed" });
    assert.equal(fake.calls.length, 1);
    assert.deepEqual(await harness.sets(), []);
    await harness.close();
  });

  test("many runs at once install once, and all go without", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    for (const provided of await Promise.all(Array.from({ length: 20 }, () => harness.ensure('require("a"); import("absent-x").catch(log)')))) ready(provided).release();
    assert.equal(fake.calls.length, 1);
    assert.equal(harness.lines.filter((line) => line === WITHOUT).length, 20);
    await harness.close();
  });

  test("one that the script comes to need is tried at once, and its lack is a failure", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    ready(await harness.ensure('require("a"); if (b) require("absent-x")')).release();
    assert.equal(failure(await harness.ensure('require("a"); require("absent-x")')), "Cannot install the npm package absent-x: not there");
    assert.equal(failure(await harness.ensure('require("absent-y"); if (b) require("absent-x") // @^2')), "Cannot install the npm package absent-y: not there", "only what is needed is a failure");
    assert.equal(fake.calls.length, 3);
    await harness.close();
  });

  test("one that is there satisfies a script that needs it, and the other way round", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    for (const code of ['if (a) require("a")', 'require("a")', 'try { require("a") } catch {}']) ready(await harness.ensure(code)).release();
    for (const code of ['require("b")', 'if (b) require("b")']) ready(await harness.ensure(code, { home: "two" })).release();
    assert.equal(fake.calls.length, 2);
    await harness.close();
  });

  test("a run that needs a package does not take what is being installed for one that can do without", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    const first = harness.ensure('require("gated"); if (a) require("absent-x")');
    await until(() => fake.calls.length === 1, "the installation to begin");
    const second = harness.ensure('require("absent-x")');
    fake.open();
    ready(await first).release();
    assert.match(failure(await second), /absent-x/);
    await harness.close();
  });

  test("an installation that takes too long is no failure where nothing is needed, and is not repeated", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer, timeoutMs: 300 });
    for (let run = 0; run < 2; run++) assert.deepEqual(await harness.ensure('try { require("slow") } catch {}'), { kind: "nothing-needed" });
    assert.equal(fake.calls.length, 1);
    assert.ok(harness.lines.includes("[npm] Cannot install the npm package slow: it took longer than 0.3 s (AUTOMN_RUNNER_INSTALL_TIMEOUT_MS)"), harness.lines.join("\n"));
    await harness.close();
  });

  test("a cancelled run says nothing about them: the next run tries", async () => {
    const fake = fakeInstaller();
    const harness = await openHarness({ npm: fake.installer });
    for (const calls of [1, 2]) {
      const controller = new AbortController();
      const run = harness.ensure('if (a) require("slow")', {}, controller.signal);
      await until(() => harness.lines.filter((line) => line === "[npm] started").length === calls, "the installer to start");
      controller.abort();
      assert.deepEqual(await run, { kind: "stopped" });
      assert.equal(fake.calls.length, calls);
    }
    await harness.close();
  });

  test("an offline runner goes without those that are not there", async () => {
    const fake = fakeInstaller();
    const online = await openHarness({ npm: fake.installer });
    ready(await online.ensure('require("a")')).release();
    const offline = await openHarness({ npm: fake.installer, root: online.root, mode: "offline" });
    ready(await offline.ensure('require("a"); if (b) require("absent-x")')).release();
    assert.deepEqual(offline.lines, [WITHOUT]);
    assert.deepEqual(await offline.ensure('if (b) require("absent-x")'), { kind: "nothing-needed" });
    assert.match(failure(await offline.ensure('require("c"); if (b) require("absent-x")')), /^Cannot install the npm package c: this runner is offline/);
    assert.equal(fake.calls.length, 1);
    await offline.close();
    await online.close();
  });
});

describe("Packages: offline", () => {
  test("a script gets what is there, or is told what is missing", async () => {
    const fake = fakeInstaller();
    const online = await openHarness({ npm: fake.installer });
    ready(await online.ensure('require("a"); require("b")')).release();
    const offline = await openHarness({ npm: fake.installer, root: online.root, mode: "offline" });
    ready(await offline.ensure('require("a")')).release();
    assert.equal(failure(await offline.ensure('require("a"); require("c") // @^1')), "Cannot install the npm package c@^1: this runner is offline (AUTOMN_RUNNER_PACKAGES=offline) and no set of this script has it.");
    assert.match(failure(await offline.ensure('require("a")', { interpreter: { path: node.path, version: "99.1.0" } })), /There are sets for node\d+ on \S+; this is node99 on \S+\.$/);
    const status = await offline.packages.status({ scriptId: "1", home: "one", names: ["a", "c"], installMissing: true, language: "node", interpreter: node }, 1_000);
    assert.deepEqual(status.map(({ status: word }) => word), ["installed", "not_installed"]);
    assert.equal(fake.calls.length, 1);
    await offline.close();
    await online.close();
  });
});

test("Packages.summary: counts sets, packages and bytes", async () => {
  const harness = await openHarness({ npm: fakeInstaller().installer });
  assert.deepEqual(harness.packages.summary, { mode: "auto", sets: 0, packages: 0, bytes: 0, installing: 0 });
  ready(await harness.ensure('require("a"); require("b")')).release();
  const { sets, packages, bytes, lastUsedAt } = harness.packages.summary;
  assert.deepEqual([sets, packages, bytes > 2_000, Number.isFinite(Date.parse(lastUsedAt ?? ""))], [1, 2, true, true]);
  await harness.close();
});

import assert from "node:assert/strict";
import { mkdir, readFile, readlink, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { packagesCommand } from "../../runner/cli/packages.ts";
import type { Installer } from "../../runner/languages/installer.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { type Harness, openHarness, ready, silent } from "../packages/harness.ts";

/** Puts down a package with a program, a link to it and a large file, without a network. */
const npm: Installer = {
  label: "npm", noun: "npm package", worksOffline: false,
  async install({ directory, requirements }) {
    for (const { name } of requirements) {
      const folder = join(directory, "node_modules", name);
      await mkdir(join(folder, "bin"), { recursive: true });
      await mkdir(join(directory, "node_modules", ".bin"), { recursive: true });
      await writeFile(join(folder, "package.json"), JSON.stringify({ name, version: "1.0.0" }));
      await writeFile(join(folder, "bin", "it.js"), "#!/usr/bin/env node\n", { mode: 0o755 });
      await writeFile(join(folder, "large"), Buffer.alloc(300_000, "abc\n"));
      await symlink(`../${name}/bin/it.js`, join(directory, "node_modules", ".bin", name));
    }
    return { resolved: Object.fromEntries(requirements.map(({ name }) => [name, "1.0.0"])), refused: [] };
  },
};

async function command(harness: Harness, ...args: string[]) {
  const printed: string[] = [];
  const errors: string[] = [];
  const code = await packagesCommand(args, {
    scriptsDir: harness.scriptsDir, recordsDir: harness.options.recordsDir, languages: LANGUAGES, log: silent,
    print: (text) => printed.push(text), printError: (text) => errors.push(text),
  });
  return { code, printed: printed.join(""), errors: errors.join("") };
}

describe("automn-runner packages", () => {
  test("pack and load: what is packed on one machine serves an offline one", async () => {
    const [from, to] = [await openHarness({ npm }), await openHarness({ npm, mode: "offline" })];
    const provision = ready(await from.ensure('require("a"); require("b")'));
    await mkdir(join(provision.codeHome ?? "", "code"));
    await writeFile(join(provision.codeHome ?? "", "code", "secret.js"), "the author's code");
    provision.release();
    const file = join(from.root, "sets.bin");
    assert.deepEqual(await command(from, "pack", "--output", file, "1"), { code: 0, printed: `1 set packed into ${file}\n`, errors: "" });
    const loaded = await command(to, "load", file);
    assert.equal(loaded.code, 0, loaded.errors);
    assert.match(loaded.printed, /^Loaded for 1: a \(1\.0\.0\), b \(1\.0\.0\) \(node\d+\)\n$/);
    const { codeHome = "", release } = ready(await to.ensure('require("a"); require("b")'));
    assert.equal(await readlink(join(codeHome, "node_modules", ".bin", "a")), "../a/bin/it.js");
    assert.equal((await readFile(join(codeHome, "node_modules", ".bin", "a"), "utf8")), "#!/usr/bin/env node\n");
    assert.deepEqual(await readFile(join(codeHome, "node_modules", "b", "large")), Buffer.alloc(300_000, "abc\n"));
    await assert.rejects(readFile(join(codeHome, "code", "secret.js")), "the authors' code is not carried along");
    release();
    await Promise.all([from.close(), to.close()]);
  });

  const damages = [
    { what: "is cut short", damage: (file: string) => truncate(file, 400), says: /its content and its hash do not agree|no file of packed packages/ },
    { what: "has another byte", damage: async (file: string) => {
      const bytes = await readFile(file);
      bytes[200] = (bytes[200] ?? 0) ^ 1;
      await writeFile(file, bytes);
    }, says: /its content and its hash do not agree/ },
    { what: "is something else", damage: (file: string) => writeFile(file, "x".repeat(1000)), says: /it is no file of packed packages/ },
  ];
  for (const { what, damage, says } of damages) {
    test(`load: a file that ${what} is refused, and nothing of it is put in place`, async () => {
      const harness = await openHarness({ npm });
      ready(await harness.ensure('require("a")')).release();
      const file = join(harness.root, "sets.bin");
      await command(harness, "pack", "-o", file);
      await harness.packages.clear(0);
      await damage(file);
      const { code, errors } = await command(harness, "load", file);
      assert.equal(code, 1);
      assert.match(errors, says);
      assert.deepEqual(await harness.sets(), []);
      await harness.close();
    });
  }

  test("load: a set for another platform is skipped, and said to be", async () => {
    const harness = await openHarness({ npm });
    const { codeHome = "", release } = ready(await harness.ensure('require("a")'));
    release();
    const record = join(codeHome, ".automn-set.json");
    await writeFile(record, (await readFile(record, "utf8")).replace(/"platform": "[^"]*"/, '"platform": "plan9-mips"'));
    const file = join(harness.root, "sets.bin");
    await command(harness, "pack", "-o", file);
    const { code, errors } = await command(harness, "load", file);
    assert.equal(code, 1);
    assert.match(errors, /^Skipped for 1: a \(1\.0\.0\); it is for plan9-mips, this is /);
    await harness.close();
  });

  test("list and clear: list shows what there is, for people and for machines; clear removes it", async () => {
    const harness = await openHarness({ npm });
    assert.equal((await command(harness, "list")).printed, "There are no package sets.\n");
    ready(await harness.ensure('require("a") // @^1')).release();
    await harness.packages.close();
    assert.match((await command(harness, "list")).printed, /^1 {2}node\d+-\S+ {2}\d+ KiB {2}last used \S+Z\n {2}a@\^1 \(1\.0\.0\)\n1 set, \d+ KiB\n$/);
    const [set] = JSON.parse((await command(harness, "list", "--json")).printed) as { scriptId: string; home: string; resolved: object }[];
    assert.deepEqual([set?.scriptId, set?.home, set?.resolved], ["1", "one", { a: "1.0.0" }]);
    assert.match((await command(harness, "clear")).printed, /^1 set removed, \d+ KiB\n$/);
    assert.deepEqual(await harness.sets(), []);
    await harness.close();
  });

  const wrong = [
    { args: [], code: 2, says: /^Usage: automn-runner packages/ },
    { args: ["frobnicate"], code: 2, says: /^Usage:/ },
    { args: ["pack", "--output"], code: 2, says: /--output.*argument missing[^]*Usage: automn-runner packages/ },
    { args: ["pack", "--fast"], code: 2, says: /Unknown option '--fast'[^]*Usage: automn-runner packages/ },
    { args: ["list", "everything"], code: 2, says: /everything[^]*Usage: automn-runner packages/ },
    { args: ["clear", "--now"], code: 2, says: /Unknown option '--now'/ },
    { args: ["pack", "77"], code: 1, says: /Cannot pack script "77": it has no package set/ },
    { args: ["load"], code: 2, says: /Cannot load: wanted the name of a packed file, found nothing/ },
    { args: ["load", "/nowhere"], code: 1, says: /ENOENT/ },
  ];
  for (const { args, code, says } of wrong) {
    test(`packages ${args.join(" ")}: exit code ${code}, with the reason on stderr`, async () => {
      const harness = await openHarness({ npm });
      const answer = await command(harness, ...args);
      assert.equal(answer.code, code);
      assert.match(answer.errors, says);
      await harness.close();
    });
  }
});

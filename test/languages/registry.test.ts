import assert from "node:assert/strict";
import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, it } from "node:test";
import { createLanguageRegistry, LANGUAGES } from "../../runner/languages/registry.ts";
import type { LanguageRegistryOptions } from "../../runner/languages/registry.ts";
import type { LanguageName } from "../../runner/languages/language.ts";
import { createLog } from "../../runner/lib/log.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

const posix = { skip: process.platform === "win32" && "uses sh" };
const NONE = { node: undefined, python: undefined, powershell: undefined, shell: undefined };
const SILENT = createLog({ level: "error", format: "text", write: () => {} });

function openRegistry(paths: Partial<Record<LanguageName, string>> = {}, more: Partial<LanguageRegistryOptions> = {}) {
  return createLanguageRegistry({ paths: { ...NONE, ...paths }, environment: process.env, log: SILENT, ...more });
}

/** A program that answers as an interpreter does, and counts how often it was asked. */
async function pretender(folder: string, name: string, answer: string): Promise<string> {
  const file = join(folder, name);
  const fresh = `${file}.new`;
  await writeFile(fresh, `#!/bin/sh\necho x >> '${file}.asked'\ncat <<'EOF'\n${answer}\nEOF\n`);
  await chmod(fresh, 0o755);
  await rename(fresh, file);
  return file;
}
const asked = async (file: string) => (await readFile(`${file}.asked`, "utf8").catch(() => "")).length / 2;

describe("the catalogue of languages", posix, () => {
  it("finds this node under each of its spellings", async () => {
    const registry = openRegistry();
    await registry.ready();
    for (const spelling of ["node", "javascript", "typescript"]) {
      const found = await registry.find(spelling);
      assert.ok("language" in found);
      assert.equal(found.language.name, "node");
      assert.deepEqual({ path: found.interpreter.path, version: found.interpreter.version }, { path: process.execPath, version: process.versions.node });
    }
    assert.equal(registry.runtimes.node, process.versions.node);
  });

  it("tells versions as bare numbers, of those that are there only", async () => {
    const registry = openRegistry({ powershell: "/nowhere/pwsh" });
    await registry.ready();
    assert.equal(registry.runtimes.powershell, undefined);
    assert.ok(!Object.hasOwn(registry.runtimes, "powershell"));
    for (const version of Object.values(registry.runtimes)) assert.match(version, /^\d+(\.\d+)*/);
  });

  for (const spelling of ["ruby", "", "__proto__", "constructor", "toString", "Node", "node ", "hasOwnProperty", "../node", "x".repeat(500)]) it(`does not know ${JSON.stringify(spelling).slice(0, 30)}, and names those that it knows`, async () => {
    const found = await openRegistry().find(spelling);
    assert.ok("message" in found);
    assert.deepEqual([found.code, found.errorCode], [2, "UNKNOWN_LANGUAGE"]);
    for (const known of ["node", "python", "powershell", "shell", "javascript", "typescript"]) assert.ok(found.message.includes(known));
  });

  it("says which interpreter it looked for, where, and what sets it", async () => {
    const configured = await openRegistry({ python: "/nowhere/python" }).find("python");
    assert.ok("message" in configured);
    assert.deepEqual([configured.code, configured.errorCode], [127, "INTERPRETER_MISSING"]);
    assert.match(configured.message, /python .*looked for \/nowhere\/python, which AUTOMN_RUNNER_PYTHON_PATH names.*AUTOMN_RUNNER_PYTHON_PATH sets/);
  });

  it("looks along the PATH that it is given, and says it", async (t) => {
    const folder = await temporaryFolder(t);
    const registry = openRegistry({}, { environment: { PATH: folder } });
    const found = await registry.find("python");
    assert.ok("message" in found);
    assert.ok(found.message.includes(`python3, python on the PATH (${folder})`), found.message);
    await pretender(folder, "python3", `{"path":"${folder}/real","version":"3.99.0"}`).then((file) => writeFile(`${folder}/real`, "").then(() => file));
    const later = await openRegistry({}, { environment: { PATH: [folder, "/usr/bin", "/bin"].join(delimiter) } }).find("python");
    assert.ok("interpreter" in later);
    assert.deepEqual([later.interpreter.path, later.interpreter.version], [`${folder}/real`, "3.99.0"]);
  });

  it("remembers the real interpreter behind a shim and asks the shim once", async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "real"), "");
    const shim = await pretender(folder, "shim", `some noise first\n{"path":"${folder}/real","version":"3.1.4"}`);
    const registry = openRegistry({ python: shim });
    const found = await Promise.all(Array.from({ length: 20 }, () => registry.find("python")));
    for (const one of found) assert.ok("interpreter" in one && one.interpreter.path === join(folder, "real"));
    assert.equal(await asked(shim), 1);
  });

  it("looks anew for one that was missing and has come", async (t) => {
    const folder = await temporaryFolder(t);
    const path = join(folder, "python");
    const registry = openRegistry({ python: path });
    assert.ok("message" in (await registry.find("python")));
    await pretender(folder, "python", '{"version":"3.2.1"}');
    const found = await registry.find("python");
    assert.ok("interpreter" in found);
    assert.deepEqual([found.interpreter.path, found.interpreter.version, registry.runtimes.python], [path, "3.2.1", "3.2.1"]);
  });

  it("notices within seconds that one was replaced", async (t) => {
    const folder = await temporaryFolder(t);
    const path = await pretender(folder, "python", '{"version":"3.0.1"}');
    const registry = openRegistry({ python: path });
    const first = await registry.find("python");
    assert.ok("interpreter" in first && first.interpreter.version === "3.0.1");
    await pretender(folder, "python", '{"version":"3.0.22"}');
    await until(async () => {
      const found = await registry.find("python");
      return "interpreter" in found && found.interpreter.version === "3.0.22";
    }, "the new version", 10_000);
    assert.equal(registry.runtimes.python, "3.0.22");
  });

  for (const answer of ["", "garbage", "null", "[]", '"text"', '{"version":5}', "{"]) it(`does not take a program for an interpreter that answers ${JSON.stringify(answer)}`, async (t) => {
    const path = await pretender(await temporaryFolder(t), "python", answer);
    assert.ok("message" in (await openRegistry({ python: path }).find("python")));
  });

  it("offers four languages, each with a variable of its own", () => {
    assert.deepEqual(LANGUAGES.map(({ name }) => name), ["node", "python", "powershell", "shell"]);
    assert.deepEqual(LANGUAGES.map(({ pathVariable }) => pathVariable), ["NODE", "PYTHON", "POWERSHELL", "SHELL"].map((name) => `AUTOMN_RUNNER_${name}_PATH`));
  });
});

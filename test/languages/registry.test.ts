import assert from "node:assert/strict";
import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, it } from "node:test";
import { LanguageRegistry, type LanguageRegistryOptions } from "../../runner/languages/registry.ts";
import type { Language } from "../../runner/languages/language.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { createLog } from "../../runner/lib/log.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

const posix = { skip: process.platform === "win32" && "uses sh" };
const SILENT = createLog({ level: "error", format: "text", write: () => {} });

function openRegistry(paths: Record<string, string> = {}, more: Partial<LanguageRegistryOptions> = {}) {
  return new LanguageRegistry({ paths, environment: process.env, log: SILENT, ...more });
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

describe("LanguageRegistry", posix, () => {
  it("finds this node under each of its spellings, whatever the case and the blanks around", async () => {
    const registry = openRegistry();
    await registry.ready();
    for (const named of ["node", "javascript", "typescript", "Node", " NODE\n", "TypeScript "]) {
      const found = await registry.find(named);
      assert.ok("language" in found);
      assert.deepEqual([found.language.name, found.spelling], ["node", named.trim().toLowerCase()]);
      assert.deepEqual({ path: found.interpreter.path, version: found.interpreter.version }, { path: process.execPath, version: process.versions.node });
    }
    assert.equal(registry.runtimes["node"], process.versions.node);
  });

  it("runtimes: has the versions of the interpreters that are there, as bare numbers", async () => {
    const registry = openRegistry({ powershell: "/nowhere/pwsh" });
    await registry.ready();
    assert.equal(registry.runtimes["powershell"], undefined);
    assert.ok(!Object.hasOwn(registry.runtimes, "powershell"));
    for (const version of Object.values(registry.runtimes)) assert.match(version, /^\d+(\.\d+)*/);
  });

  for (const named of ["Ruby ", "", "__proto__", "constructor", "toString", "hasOwnProperty", "../node"]) it(`find: names the unknown ${JSON.stringify(named)} as it was sent, and those that are known`, async () => {
    const found = await openRegistry().find(named);
    assert.ok("message" in found);
    assert.deepEqual([found.code, found.errorCode], [2, "UNKNOWN_LANGUAGE"]);
    assert.ok(found.message.startsWith(`Unknown language ${JSON.stringify(named)}: this runner knows `), found.message);
    for (const known of ["node", "python", "powershell", "shell", "javascript", "typescript"]) assert.ok(found.message.includes(known));
  });

  it("find: shortens an unknown name that is very long", async () => {
    const found = await openRegistry().find("x".repeat(5_000));
    assert.ok("message" in found && found.message.length < 300);
  });

  it("find: says which interpreter was looked for, where, and what sets it", async () => {
    const configured = await openRegistry({ python: "/nowhere/python" }).find("python");
    assert.ok("message" in configured);
    assert.deepEqual([configured.code, configured.errorCode], [127, "INTERPRETER_MISSING"]);
    assert.match(configured.message, /python .*looked for \/nowhere\/python, which AUTOMN_RUNNER_PYTHON_PATH names.*AUTOMN_RUNNER_PYTHON_PATH sets/);
  });

  it("find: looks along the given PATH, and says so", async (t) => {
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

  it("find: remembers the real interpreter behind a shim, and starts the shim once", async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "real"), "");
    const shim = await pretender(folder, "shim", `some noise first\n{"path":"${folder}/real","version":"3.1.4"}`);
    const registry = openRegistry({ python: shim });
    const found = await Promise.all(Array.from({ length: 20 }, () => registry.find("python")));
    for (const one of found) assert.ok("interpreter" in one && one.interpreter.path === join(folder, "real"));
    assert.equal(await asked(shim), 1);
  });

  it("find: looks anew for an interpreter that was missing", async (t) => {
    const folder = await temporaryFolder(t);
    const path = join(folder, "python");
    const registry = openRegistry({ python: path });
    assert.ok("message" in (await registry.find("python")));
    await pretender(folder, "python", '{"version":"3.2.1"}');
    const found = await registry.find("python");
    assert.ok("interpreter" in found);
    assert.deepEqual([found.interpreter.path, found.interpreter.version, registry.runtimes["python"]], [path, "3.2.1", "3.2.1"]);
  });

  it("find: notices within seconds that an interpreter was replaced", async (t) => {
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
    assert.equal(registry.runtimes["python"], "3.0.22");
  });

  for (const answer of ["", "garbage", "null", "[]", '"text"', '{"version":5}', "{"]) it(`find: takes no program for an interpreter that answers ${JSON.stringify(answer)}`, async (t) => {
    const path = await pretender(await temporaryFolder(t), "python", answer);
    assert.ok("message" in (await openRegistry({ python: path }).find("python")));
  });

  it("looks for nothing before it is asked, and then for all interpreters at once", async (t) => {
    const folder = await temporaryFolder(t);
    const path = await pretender(folder, "python", '{"version":"3.1.1"}');
    const registry = openRegistry({ python: path });
    assert.equal(await asked(path), 0);
    await Promise.all([registry.ready(), registry.ready()]);
    assert.equal(await asked(path), 1);
    assert.equal(registry.runtimes["python"], "3.1.1");
  });

  it("gives a probe none of the runner's own variables, whatever their case", async (t) => {
    const folder = await temporaryFolder(t);
    const path = join(folder, "python");
    await writeFile(path, `#!/bin/sh\nenv > '${path}.environment'\necho '{"version":"3.1.1"}'\n`, { mode: 0o755 });
    const environment = { PATH: process.env["PATH"], AUTOMN_RUNNER_SECRET: "a secret", automn_runner_reset_token: "another", OTHER: "stays" };
    assert.ok("interpreter" in (await openRegistry({ python: path }, { environment }).find("python")));
    const seen = await readFile(`${path}.environment`, "utf8");
    assert.match(seen, /^OTHER=stays$/m);
    assert.doesNotMatch(seen, /automn_runner/i);
  });

  it("warnings: names a chosen interpreter that does not answer, once it was looked for", async (t) => {
    const path = await pretender(await temporaryFolder(t), "python", '{"version":"3.1.1"}');
    const lines: string[] = [];
    const log = createLog({ level: "warn", format: "text", write: (line) => lines.push(line) });
    const registry = openRegistry({ python: path, powershell: "/nowhere/pwsh" }, { log });
    assert.deepEqual(registry.warnings, []);
    await registry.ready();
    assert.deepEqual(registry.warnings, ["AUTOMN_RUNNER_POWERSHELL_PATH=/nowhere/pwsh does not work: spawn /nowhere/pwsh ENOENT"]);
    assert.ok(lines.some((line) => line.includes("AUTOMN_RUNNER_POWERSHELL_PATH")), lines.join(""));
  });

  it("finds the languages of the table that it is given, and no others", async (t) => {
    const path = await pretender(await temporaryFolder(t), "cobol", '{"version":"2002.0"}');
    const cobol: Language = {
      name: "cobol", title: "COBOL", spellings: ["cbl"], pathVariable: "AUTOMN_RUNNER_COBOL_PATH", shownDefault: "", candidates: () => [{ file: path }],
      probe: [], extension: () => ".cbl", command: (interpreter, codeFile) => ({ file: interpreter.path, args: [codeFile], environment: {} }),
    };
    const registry = openRegistry({}, { languages: [cobol] });
    const found = await registry.find("CBL");
    assert.ok("interpreter" in found);
    assert.deepEqual([found.language.title, found.spelling, found.interpreter.version], ["COBOL", "cbl", "2002.0"]);
    const unknown = await registry.find("node");
    assert.ok("message" in unknown && unknown.message.endsWith("this runner knows cobol, cbl."));
  });
});

describe("the table of languages", () => {
  it("has each name, spelling, title and variable once, names and spellings in lower case", () => {
    const unique = (texts: readonly string[]) => assert.deepEqual(texts, [...new Set(texts)]);
    const spellings = LANGUAGES.flatMap(({ name, spellings: others = [] }) => [name, ...others]);
    unique(spellings);
    assert.deepEqual(spellings, spellings.map((spelling) => spelling.trim().toLowerCase()));
    unique(LANGUAGES.map(({ title }) => title));
    unique(LANGUAGES.flatMap(({ pathVariable, pathAliases = [] }) => [pathVariable, ...pathAliases]));
  });

  it("begins with the languages of the host, each with a variable of its own", () => {
    assert.deepEqual(LANGUAGES.map(({ name }) => name), ["node", "python", "powershell", "shell"]);
    assert.deepEqual(LANGUAGES.map(({ pathVariable }) => pathVariable), ["NODE", "PYTHON", "POWERSHELL", "SHELL"].map((name) => `AUTOMN_RUNNER_${name}_PATH`));
  });
});

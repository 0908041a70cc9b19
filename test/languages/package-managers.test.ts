import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runtimeKey } from "../../runner/languages/package-manager.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";

async function managerOf(name: string) {
  const manager = await LANGUAGES.find((language) => language.name === name)?.packageManager?.({ npmPath: undefined, npmIgnoreScripts: false });
  assert.ok(manager !== undefined);
  return manager;
}

describe("runtimeKey", () => {
  const cases = [
    ["node", "20.11.1", 1, "node20"], ["python", "3.11.7", 2, "python3.11"], ["python", "3.14.0a1+", 2, "python3.14"],
    ["powershell", "7.5.0-preview.1", 1, "powershell7"], ["x", "12", 2, "x12"],
  ] as const;
  for (const [language, version, numbers, key] of cases) it(`is ${key} for ${language} ${version}`, () => assert.equal(runtimeKey(language, version, numbers), key));
});

describe("the package manager of node", () => {
  it("has one runtime for a major version", async () => {
    const { runtime } = await managerOf("node");
    assert.equal(runtime({ path: "node", version: "22.12.0" }), "node22");
  });

  it("checkName: tells modules of Node, names that cannot be, and names that may be packages", async () => {
    const { checkName } = await managerOf("node");
    assert.deepEqual(["fs", "node:test", "axios", "@scope/x"].map((name) => checkName?.(name)), [{ builtin: "part of Node.js" }, { builtin: "part of Node.js" }, {}, {}]);
    assert.match(checkName?.("a b").problem ?? "", /has no spaces/);
  });

  it("spelled and pinned: write a requirement as npm does, and one for exactly a version", async () => {
    const { spelled, pinned } = await managerOf("node");
    assert.deepEqual([spelled({ name: "a" }), spelled({ name: "a", version: "^1" })], ["a", "a@^1"]);
    assert.deepEqual(pinned?.({ name: "a", version: "^1" }, "1.2.3"), { name: "a", version: "1.2.3" });
  });
});

describe("the package manager of python", () => {
  const interpreter = (version: string, flavour?: string) => ({ path: "/usr/bin/python3", version, ...(flavour === undefined ? {} : { flavour }) });

  it("has a runtime for each minor version and ABI", async () => {
    const { runtime } = await managerOf("python");
    assert.deepEqual([runtime(interpreter("3.11.7")), runtime(interpreter("3.13.1", "")), runtime(interpreter("3.13.1", "t")), runtime(interpreter("3.9.16", "pypy"))], ["python3.11", "python3.13", "python3.13t", "python3.9pypy"]);
  });

  it("read: an interpreter that the script does not ask for is a problem that names both", async () => {
    const { read } = await managerOf("python");
    const script = (specifier: string) => `# /// script\n# requires-python = "${specifier}"\n# ///\n`;
    for (const [version, specifier] of [["3.11.7", ">=3.9"], ["3.13.0rc1", ">=3.13"], ["3.11.7", "===3.11.7"]] as const) assert.deepEqual(read(script(specifier), interpreter(version)).problems, [], specifier);
    assert.deepEqual(read(script(">=3.12"), interpreter("3.11.7")).problems, ["The script asks for Python >=3.12 (requires-python); /usr/bin/python3 is 3.11.7. AUTOMN_RUNNER_PYTHON_PATH sets another one"]);
  });

  it("satisfies: an installed release meets a plain specifier; with extras or a marker only the installer can tell", async () => {
    const { satisfies } = await managerOf("python");
    const cases = [["2.31.0", ">=2,<3", true], ["2.31.0", ">=3", false], ["3.0rc1", ">=2", false], ["2.31.0", "[socks]>=2", false], ["2.31.0", " ; python_version < '4'", false]] as const;
    for (const [installed, wanted, yes] of cases) assert.equal(satisfies(installed, wanted), yes, `${installed} ${wanted}`);
  });
});

describe("the package manager of powershell", () => {
  it("has one runtime for a major version, a variable for its modules, and judges no range", async () => {
    const { runtime, pathVariable, satisfies, spelled } = await managerOf("powershell");
    assert.deepEqual([runtime({ path: "pwsh", version: "7.6.9" }), pathVariable, satisfies("1.0", "[1.0, )")], ["powershell7", "PSModulePath", false]);
    assert.equal(spelled({ name: "X", version: "[1.0, )" }), "X [1.0, )");
  });
});

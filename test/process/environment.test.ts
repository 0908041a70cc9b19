import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { delimiter } from "node:path";
import { describe, it } from "node:test";
import {
  baseEnvironment, KEEP_VARIABLE, MARK_VARIABLE, MAX_VARIABLE_BYTES, processEnvironment, scriptEnvironment,
} from "../../runner/process/environment.ts";
import type { BaseEnvironmentParts, OwnEnvironmentParts, ScriptEnvironment } from "../../runner/process/environment.ts";

const INPUT_NAMES = ["AUTOMN_INTERNAL_INPUT_JSON", "AUTOMN_INPUT_JSON", "INPUT_JSON"];
const OWN_NAMES = [...INPUT_NAMES, "AUTOMN_INPUT_FILE", "AUTOMN_RUN_ID", "AUTOMN_SCRIPT_DIR", "AUTOMN_PACKAGES", MARK_VARIABLE];

type Parts = Partial<BaseEnvironmentParts & OwnEnvironmentParts>;

const OWN: OwnEnvironmentParts = { interpreter: {}, runId: "r1", inputJson: "{}", scriptDir: "/dir" };

/** A script's environment from both layers. */
function build({ inherited = {}, variables = [], paths = {}, ...own }: Parts = {}): ScriptEnvironment {
  return scriptEnvironment(baseEnvironment({ inherited, variables, paths }), { ...OWN, ...own });
}
const variable = (name: string, value = "x") => ({ name, value });

describe("a script's environment", () => {
  it("holds what the runner sets, and no more where nothing else is given", () => {
    const { values, notices, problem } = build({ interpreter: { BASH_ENV: "/p.sh" } });
    assert.deepEqual({ ...values }, {
      AUTOMN_INTERNAL_INPUT_JSON: "{}", AUTOMN_INPUT_JSON: "{}", INPUT_JSON: "{}",
      AUTOMN_RUN_ID: "r1", AUTOMN_SCRIPT_DIR: "/dir", BASH_ENV: "/p.sh",
    });
    assert.deepEqual([notices, problem], [[], undefined]);
  });

  it("names the folder of the script's packages where there is one", () =>
    assert.equal(build({ packagesDir: "/set/site" }).values["AUTOMN_PACKAGES"], "/set/site"));

  for (const name of ["PATH", "HOME", "AUTOMN_HOST_URL", "MY_AUTOMN_RUNNER_SECRET", "AUTOMN_RUNNERS", "INPUT", "__proto__", "constructor"])
    it(`inherits ${name} from the runner`, () =>
      assert.equal(build({ inherited: JSON.parse(`{${JSON.stringify(name)}:"runner's"}`) as NodeJS.ProcessEnv }).values[name], "runner's"));

  for (const name of ["AUTOMN_RUNNER_SECRET", "AUTOMN_RUNNER_RESET_TOKEN", "AUTOMN_RUNNER_", "automn_runner_secret", KEEP_VARIABLE])
    it(`does not inherit ${name} from the runner`, () => assert.ok(!Object.hasOwn(build({ inherited: { [name]: "x" } }).values, name)));

  for (const name of OWN_NAMES) it(`does not inherit ${name} from a run around the runner`, () =>
    assert.notEqual(build({ inherited: { [name]: "outer" } }).values[name], "outer"));

  it("holds the script's variables, the later of two", () => {
    const given: readonly [string, string][] = [["A", "1"], ["AUTOMN_VAR_C", ""], ["A", "2"], [KEEP_VARIABLE, "1"], ["__proto__", "p"]];
    const { values, notices } = build({ inherited: { A: "runner's", B: "b" }, variables: given.map(([name, value]) => ({ name, value })) });
    assert.deepEqual(["A", "B", "AUTOMN_VAR_C", KEEP_VARIABLE, "__proto__"].map((name) => values[name]), ["2", "b", "", "1", "p"]);
    assert.deepEqual(notices, []);
  });

  for (const name of [...OWN_NAMES, "AUTOMN_RUNNER_SECRET", "AUTOMN_RUNNER_X", "Automn_Runner_X"])
    it(`lets no variable of a script replace ${name}, and says so`, () => {
      const parts = { interpreter: { BASH_ENV: "/p.sh" } };
      const { values, notices } = build({ ...parts, variables: [variable(name, "mine")] });
      assert.deepEqual({ ...values }, { ...build(parts).values });
      assert.deepEqual(notices, [`The variable ${name} was left out: the name belongs to the runner.`]);
    });

  it("puts a folder before what a path variable holds, the script's own value over the runner's", () => {
    const paths = { PSModulePath: "/modules", OTHER: "/other" };
    const base = baseEnvironment({ inherited: { PSModulePath: "/usr" }, paths });
    assert.deepEqual({ ...base.values }, { PSModulePath: ["/modules", "/usr"].join(delimiter), OTHER: "/other" });
    const { values } = baseEnvironment({ inherited: { PSModulePath: "/usr" }, variables: [variable("PSModulePath", "/mine")], paths });
    assert.equal(values["PSModulePath"], ["/modules", "/mine"].join(delimiter));
  });

  it("takes from the language what the language has joined with the script's own value, without a notice", () => {
    const base = baseEnvironment({ inherited: {}, variables: [variable("PYTHONPATH", "/mine")] });
    assert.equal(base.values["PYTHONPATH"], "/mine");
    const { values, notices } = scriptEnvironment(base, { ...OWN, interpreter: { PYTHONPATH: "/prelude:/mine" } });
    assert.deepEqual([values["PYTHONPATH"], notices], ["/prelude:/mine", []]);
  });

  /** JSON of so many bytes. */
  const jsonOf = (bytes: number, unit = "x") => `"${unit.repeat((bytes - 2) / Buffer.byteLength(unit))}"`;
  const largestFor = (name: string) => MAX_VARIABLE_BYTES - name.length - 2;
  const advice = "read it from the file that AUTOMN_INPUT_FILE names.";

  for (const [index, name] of INPUT_NAMES.entries()) it(`holds the input in ${name} as long as the system can pass it`, () => {
    const bytes = largestFor(name);
    const shorter = INPUT_NAMES.slice(index);
    for (const [inputJson, names] of [[jsonOf(bytes), shorter], [jsonOf(bytes + 1), shorter.slice(1)]] as const) {
      const { values, notices, problem } = build({ inputJson, inherited: { INPUT_JSON: "old", AUTOMN_INPUT_JSON: "old" } });
      for (const each of INPUT_NAMES) assert.equal(values[each], names.includes(each) ? inputJson : undefined, each);
      const missing = INPUT_NAMES.filter((each) => !names.includes(each));
      const where = names.length === 0 ? "environment variables" : missing.join(" and ");
      assert.deepEqual(notices, missing.length === 0 ? [] : [`The input has ${inputJson.length} bytes, too many for ${where}: ${advice}`]);
      assert.equal(problem, undefined);
    }
  });

  it("holds an input of 96 KiB in all three variables, without a notice", () => {
    const { values, notices } = build({ inputJson: jsonOf(96 * 1024 + 1) });
    assert.deepEqual([INPUT_NAMES.map((name) => values[name]?.length), notices], [[98_305, 98_305, 98_305], []]);
  });

  for (const [what, inputJson] of [["few characters and many bytes", jsonOf(131_087, "€€€")], ["15 MB", jsonOf(15_000_000)]] as const)
    it(`leaves out an input of ${what}`, () => {
      const { values, notices } = build({ inputJson });
      for (const name of INPUT_NAMES) assert.equal(values[name], undefined);
      assert.deepEqual(notices, [`The input has ${Buffer.byteLength(inputJson)} bytes, too many for environment variables: ${advice}`]);
    });

  it("lets no variable stand in for an input that is too large", () => {
    const { values, notices } = build({ inputJson: jsonOf(MAX_VARIABLE_BYTES), variables: [variable("INPUT_JSON", "mine")] });
    assert.equal(values["INPUT_JSON"], undefined);
    assert.equal(notices.length, 2);
  });

  const refused: readonly [string, Parts, RegExp | undefined][] = [
    ["an empty name", { variables: [variable("")] }, /^Cannot pass the variable "": this is no name/],
    ["a name with an equals sign", { variables: [variable("A=B")] }, /^Cannot pass the variable "A=B": this is no name/],
    ["a name with a NUL", { variables: [variable("A\0B")] }, /^Cannot pass the variable "A\\u0000B": this is no name/],
    ["a value with a NUL", { variables: [variable("OK"), variable("A", "x\0y")] }, /^Cannot pass the variable A: its value holds a NUL/],
    ["a run id with a NUL", { runId: "a\0b" }, /^Cannot pass the variable AUTOMN_RUN_ID: its value holds a NUL/],
    ["a variable of the largest size", { variables: [variable("A", "x".repeat(MAX_VARIABLE_BYTES - 3))] }, undefined],
    ["a variable of one byte more", { variables: [variable("A", "x".repeat(MAX_VARIABLE_BYTES - 2))] }, /: it has 131073 bytes, .* at most 131072/],
    ["a variable of few characters and many bytes", { variables: [variable("A", "€".repeat(50_000))] }, /: it has 150003 bytes/],
    ["odd names that the system takes", { variables: [variable("a b"), variable("1"), variable("ü"), variable("-")] }, undefined],
    ["line breaks in a value", { variables: [variable("A", "a\nb\r")] }, undefined],
  ];
  for (const [name, parts, message] of refused) it(`${message === undefined ? "takes" : "names as impossible"} ${name}`, () => {
    const { problem } = build(parts);
    if (message === undefined) assert.equal(problem, undefined);
    else assert.match(problem ?? "", message);
  });

  it("never quotes a value that it refuses, which may be a secret", () => {
    for (const value of ["hunter2\0", "hunter2".repeat(50_000)]) {
      const { problem = "" } = build({ variables: [variable("A", value)] });
      assert.match(problem, /^Cannot pass the variable A/);
      assert.doesNotMatch(problem, /hunter2/);
    }
  });

  it("has the bound that the system has", { skip: process.platform !== "linux" && "measures Linux" }, () => {
    const echo = (value: string) => execFileSync("/bin/sh", ["-c", "echo ${#A}"], { env: { A: value }, encoding: "utf8" }).trim();
    assert.equal(echo("x".repeat(MAX_VARIABLE_BYTES - 3)), String(MAX_VARIABLE_BYTES - 3));
    assert.throws(() => echo("x".repeat(MAX_VARIABLE_BYTES - 2)), { code: "E2BIG" });
  });
});

describe("processEnvironment", () => {
  it("adds the input file and the mark of the process", () => {
    const values = processEnvironment({ A: "a", [MARK_VARIABLE]: "outer" }, { inputFile: "/in.json", mark: "1.ab" });
    assert.deepEqual(values, { A: "a", AUTOMN_INPUT_FILE: "/in.json", [MARK_VARIABLE]: "1.ab" });
  });
});

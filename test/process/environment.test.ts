import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { childEnvironment, KEEP_VARIABLE, MARK_VARIABLE, MAX_INPUT_VARIABLE_BYTES } from "../../runner/process/environment.ts";
import type { EnvironmentParts } from "../../runner/process/environment.ts";

const INPUT_NAMES = ["AUTOMN_INTERNAL_INPUT_JSON", "AUTOMN_INPUT_JSON", "INPUT_JSON"];
const LIMIT = 128 * 1024;

const build = (parts: Partial<EnvironmentParts> = {}) => childEnvironment({
  inherited: {}, variables: [], runId: "r1", inputJson: "{}", inputFile: "/in.json", scriptDir: "/dir", mark: "1.ab", interpreter: {}, ...parts,
});
const variable = (name: string, value = "x") => ({ name, value });

describe("a script's environment", () => {
  it("holds what the runner sets, and no more where nothing else is given", () => {
    const { values, notices, problem } = build({ interpreter: { BASH_ENV: "/p.sh" } });
    assert.deepEqual({ ...values }, {
      AUTOMN_INTERNAL_INPUT_JSON: "{}", AUTOMN_INPUT_JSON: "{}", INPUT_JSON: "{}", AUTOMN_INPUT_FILE: "/in.json", AUTOMN_RUN_ID: "r1", AUTOMN_SCRIPT_DIR: "/dir",
      [MARK_VARIABLE]: "1.ab", BASH_ENV: "/p.sh",
    });
    assert.deepEqual([notices, problem], [[], undefined]);
  });

  const inherited: readonly [string, boolean][] = [
    ["PATH", true], ["HOME", true], ["AUTOMN_HOST_URL", true], ["MY_AUTOMN_RUNNER_SECRET", true], ["AUTOMN_RUNNERS", true], ["INPUT", true], ["__proto__", true], ["constructor", true],
    ["AUTOMN_RUNNER_SECRET", false], ["AUTOMN_RUNNER_RESET_TOKEN", false], ["AUTOMN_RUNNER_", false], ["AUTOMN_RUNNER_ANYTHING", false], ["automn_runner_secret", false],
    [KEEP_VARIABLE, false],
  ];
  for (const [name, stays] of inherited) it(`${stays ? "inherits" : "does not inherit"} ${name} from the runner`, () => {
    const { values } = build({ inherited: JSON.parse(`{${JSON.stringify(name)}:"runner's"}`) as NodeJS.ProcessEnv });
    assert.equal(Object.hasOwn(values, name), stays);
    assert.equal(stays ? values[name] : "runner's", "runner's");
  });

  it("does not inherit what the runner itself sets, from a run around it", () => {
    for (const name of [...INPUT_NAMES, "AUTOMN_INPUT_FILE", "AUTOMN_RUN_ID", "AUTOMN_SCRIPT_DIR", MARK_VARIABLE]) assert.notEqual(build({ inherited: { [name]: "outer" } }).values[name], "outer");
  });

  it("holds the script's variables, the later of two", () => {
    const { values, notices } = build({ inherited: { A: "runner's", B: "b" }, variables: [variable("A", "1"), variable("AUTOMN_VAR_C", ""), variable("A", "2"), variable(KEEP_VARIABLE, "1"), variable("__proto__", "p")] });
    assert.deepEqual([values["A"], values["B"], values["AUTOMN_VAR_C"], values[KEEP_VARIABLE], values["__proto__"]], ["2", "b", "", "1", "p"]);
    assert.deepEqual(notices, []);
  });

  for (const name of [...INPUT_NAMES, "AUTOMN_INPUT_FILE", "AUTOMN_RUN_ID", "AUTOMN_SCRIPT_DIR", MARK_VARIABLE, "AUTOMN_RUNNER_SECRET", "AUTOMN_RUNNER_X", "Automn_Runner_X"])
    it(`lets no variable of a script replace ${name}, and says so`, () => {
      const parts = { interpreter: { BASH_ENV: "/p.sh" } };
      const { values, notices } = build({ ...parts, variables: [variable(name, "mine")] });
      assert.deepEqual({ ...values }, { ...build(parts).values });
      assert.deepEqual(notices, [`The variable ${name} was left out: the name belongs to the runner.`]);
    });

  it("takes a name that the language has joined with the script's own from the language, without a word", () => {
    const { values, notices } = build({ interpreter: { PYTHONPATH: "/prelude:/mine" }, variables: [variable("PYTHONPATH", "/mine")] });
    assert.deepEqual([values["PYTHONPATH"], notices], ["/prelude:/mine", []]);
  });

  const inputs: readonly [string, string, boolean][] = [
    ["of the largest size", `"${"x".repeat(MAX_INPUT_VARIABLE_BYTES - 2)}"`, true], ["of one byte more", `"${"x".repeat(MAX_INPUT_VARIABLE_BYTES - 1)}"`, false],
    ["of few characters and many bytes", `"${"€".repeat(MAX_INPUT_VARIABLE_BYTES / 3)}"`, false], ["of 15 MB", `"${"x".repeat(15_000_000)}"`, false],
  ];
  for (const [name, inputJson, fits] of inputs) it(`${fits ? "holds" : "does not hold"} an input ${name}`, () => {
    const { values, notices, problem } = build({ inputJson, inherited: { INPUT_JSON: "old", AUTOMN_INPUT_JSON: "old" }, variables: [] });
    for (const each of INPUT_NAMES) assert.equal(values[each], fits ? inputJson : undefined);
    assert.equal(values["AUTOMN_INPUT_FILE"], "/in.json");
    assert.equal(problem, undefined);
    assert.deepEqual(notices, fits ? [] : [`The input has ${Buffer.byteLength(inputJson)} bytes, too many for environment variables: read it from the file that AUTOMN_INPUT_FILE names.`]);
  });

  it("lets no variable stand for an input that is too large", () => {
    const { values, notices } = build({ inputJson: `"${"x".repeat(MAX_INPUT_VARIABLE_BYTES)}"`, variables: [variable("INPUT_JSON", "mine")] });
    assert.equal(values["INPUT_JSON"], undefined);
    assert.equal(notices.length, 2);
  });

  const refused: readonly [string, Partial<EnvironmentParts>, RegExp | undefined][] = [
    ["an empty name", { variables: [variable("")] }, /^Cannot pass the variable "": this is no name/],
    ["a name with an equals sign", { variables: [variable("A=B")] }, /^Cannot pass the variable "A=B": this is no name/],
    ["a name with a NUL", { variables: [variable("A\0B")] }, /^Cannot pass the variable "A\\u0000B": this is no name/],
    ["a value with a NUL", { variables: [variable("OK"), variable("A", "x\0y")] }, /^Cannot pass the variable A: its value holds a NUL character/],
    ["a run id with a NUL", { runId: "a\0b" }, /^Cannot pass the variable AUTOMN_RUN_ID: its value holds a NUL/],
    ["a variable of the largest size", { variables: [variable("A", "x".repeat(LIMIT - 3))] }, undefined],
    ["a variable of one byte more", { variables: [variable("A", "x".repeat(LIMIT - 2))] }, /^Cannot pass the variable A: it has 131073 bytes, the system takes at most 131072/],
    ["a variable of few characters and many bytes", { variables: [variable("A", "€".repeat(50_000))] }, /^Cannot pass the variable A: it has 150003 bytes/],
    ["odd names that the system takes", { variables: [variable("a b"), variable("1"), variable("ü"), variable("-")] }, undefined],
    ["line breaks in a value", { variables: [variable("A", "a\nb\r")] }, undefined],
  ];
  for (const [name, parts, message] of refused) it(`${message === undefined ? "takes" : "names as impossible"} ${name}`, () => {
    const { problem } = build(parts);
    if (message === undefined) assert.equal(problem, undefined);
    else assert.match(problem ?? "", message);
  });

  it("never quotes a value that it refuses, which may be a secret", () =>
    assert.doesNotMatch(build({ variables: [variable("A", "hunter2\0"), variable("B", "hunter2".repeat(50_000))] }).problem ?? "", /hunter2/));

  it("has the limit that the system has", { skip: process.platform !== "linux" && "measures Linux" }, () => {
    const echo = (value: string) => execFileSync("/bin/sh", ["-c", "echo ${#A}"], { env: { A: value }, encoding: "utf8" }).trim();
    assert.equal(echo("x".repeat(LIMIT - 3)), String(LIMIT - 3));
    assert.throws(() => echo("x".repeat(LIMIT - 2)), { code: "E2BIG" });
  });
});

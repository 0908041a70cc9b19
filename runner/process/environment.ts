// What a script finds in its environment (protocol, section 3), layer by layer: the base, then what the runner sets.
import { delimiter } from "node:path";
import { isRunnerVariable, withoutRunnerVariables } from "../lib/environment.ts";
import type { Variable } from "../protocol/job.ts";

/** The variable by which a run's processes are found. */
export const MARK_VARIABLE = "AUTOMN_RUN_MARK";
/** Set to 1 by a script for background work that is meant to stay; never inherited from the runner. */
export const KEEP_VARIABLE = "AUTOMN_KEEP";
/** Linux's MAX_ARG_STRLEN: the most bytes of a name, the equals sign, a value and the closing NUL together. */
export const MAX_VARIABLE_BYTES = 128 * 1024;

/** The input's names. Where the input is too large for one of them it is absent, and no other value may stand in for it. */
const INPUT_NAMES = ["AUTOMN_INTERNAL_INPUT_JSON", "AUTOMN_INPUT_JSON", "INPUT_JSON"] as const;
/** The names that only the runner sets. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  ...INPUT_NAMES, "AUTOMN_INPUT_FILE", "AUTOMN_RUN_ID", "AUTOMN_SCRIPT_DIR", "AUTOMN_PACKAGES", MARK_VARIABLE,
]);

/** An environment, with sentences for the script's author; `problem` says why the system would refuse it. */
export interface ScriptEnvironment {
  readonly values: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
  readonly problem?: string;
}

/** What the base of a script's environment is made of. */
export interface BaseEnvironmentParts {
  /** The runner's own environment. */
  readonly inherited: NodeJS.ProcessEnv;
  readonly variables?: readonly Variable[];
  /** Folders that go before the values of path variables, by variable: `PSModulePath`. */
  readonly paths?: Readonly<Record<string, string>>;
}

/** What the runner adds to the base. */
export interface OwnEnvironmentParts {
  /** What the interpreter needs to load the helpers, made with the base known. */
  readonly interpreter: Readonly<Record<string, string>>;
  readonly runId: string;
  readonly inputJson: string;
  /** The script's own lasting directory. */
  readonly scriptDir: string;
  /** The folder of the script's packages, where it has any. */
  readonly packagesDir?: string | undefined;
}

/** The runner's environment without what is its own, with the script's variables over it: all that does not come from this run. */
export function baseEnvironment({ inherited, variables = [], paths = {} }: BaseEnvironmentParts): ScriptEnvironment {
  const values = Object.create(null) as Record<string, string>; // `__proto__` is a name like any other
  for (const [name, value] of Object.entries(withoutRunnerVariables(inherited))) {
    if (value !== undefined && name !== KEEP_VARIABLE && !OWN_NAMES.has(name)) values[name] = value;
  }
  const reserved = variables.filter(({ name }) => isReserved(name));
  for (const { name, value } of variables) if (!isReserved(name)) values[name] = value;
  for (const [name, folder] of Object.entries(paths)) values[name] = values[name] ? folder + delimiter + values[name] : folder;
  const notices = reserved.map(({ name }) => `The variable ${name} was left out: the name belongs to the runner.`);
  return withProblem({ values, notices }, variables);
}

/** A script's environment, apart from what its process's workspace adds. */
export function scriptEnvironment(base: ScriptEnvironment, own: OwnEnvironmentParts): ScriptEnvironment {
  const { interpreter, runId, inputJson, scriptDir, packagesDir } = own;
  const inputBytes = Buffer.byteLength(inputJson);
  const tooLargeFor = INPUT_NAMES.filter((name) => variableBytes(name.length, inputBytes) > MAX_VARIABLE_BYTES);
  const values = Object.assign(Object.create(null) as Record<string, string>, base.values, interpreter);
  for (const name of INPUT_NAMES) if (!tooLargeFor.includes(name)) values[name] = inputJson;
  values["AUTOMN_RUN_ID"] = runId;
  values["AUTOMN_SCRIPT_DIR"] = scriptDir;
  if (packagesDir !== undefined) values["AUTOMN_PACKAGES"] = packagesDir;
  const notices = tooLargeFor.length === 0 ? base.notices : [...base.notices, inputNotice(inputBytes, tooLargeFor)];
  return withProblem({ ...base, values, notices }, [{ name: "AUTOMN_RUN_ID", value: runId }]);
}

/** What differs from one process to the next. */
export interface ProcessEnvironmentParts {
  readonly inputFile: string;
  /** The value of the mark variable, unique to the process. */
  readonly mark: string;
}

/** The environment of a process that runs a script. */
export function processEnvironment(script: ScriptEnvironment["values"], own: ProcessEnvironmentParts): Record<string, string> {
  return { ...script, AUTOMN_INPUT_FILE: own.inputFile, [MARK_VARIABLE]: own.mark };
}

function isReserved(name: string): boolean {
  return OWN_NAMES.has(name) || isRunnerVariable(name);
}

function inputNotice(bytes: number, names: readonly string[]): string {
  const where = names.length === INPUT_NAMES.length ? "environment variables" : names.join(" and ");
  return `The input has ${bytes} bytes, too many for ${where}: read it from the file that AUTOMN_INPUT_FILE names.`;
}

/** The environment with the first problem that there is with it. */
function withProblem(environment: ScriptEnvironment, variables: readonly Variable[]): ScriptEnvironment {
  if (environment.problem !== undefined) return environment;
  const problem = variables.map(refusal).find((sentence) => sentence !== undefined);
  return problem === undefined ? environment : { ...environment, problem };
}

/** What a variable takes of `MAX_VARIABLE_BYTES`. */
function variableBytes(nameBytes: number, valueBytes: number): number {
  return nameBytes + "=".length + valueBytes + "\0".length;
}

/** Why the system would refuse a variable, or nothing. */
function refusal({ name, value }: Variable): string | undefined {
  const bytes = variableBytes(Buffer.byteLength(name), Buffer.byteLength(value));
  const refuse = (reason: string, shown = name) => `Cannot pass the variable ${shown}: ${reason}.`;
  if (name === "" || /[=\0]/.test(name)) return refuse("this is no name for an environment variable", JSON.stringify(name));
  if (value.includes("\0")) return refuse("its value holds a NUL character");
  if (bytes > MAX_VARIABLE_BYTES) return refuse(`it has ${bytes} bytes, the system takes at most ${MAX_VARIABLE_BYTES}`);
  return undefined;
}

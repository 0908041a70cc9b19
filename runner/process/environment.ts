// What a script finds in its environment (protocol, section 3), by rules in one place.
import { inheritedEnvironment, isRunnerVariable } from "../lib/inherited-environment.ts";
import type { Variable } from "../protocol/job.ts";

/** Inputs up to this many bytes of JSON are also environment variables; the system refuses single texts over 128 KiB. */
export const MAX_INPUT_VARIABLE_BYTES = 96 * 1024;
/** Linux's MAX_ARG_STRLEN: name, equals sign, value and the closing NUL. */
const MAX_VARIABLE_BYTES = 128 * 1024;

/** The input's names; nobody else's value may stand there when the input is too large for them. */
const INPUT_NAMES = ["AUTOMN_INTERNAL_INPUT_JSON", "AUTOMN_INPUT_JSON", "INPUT_JSON"] as const;

/** What goes into a script's environment. */
export interface EnvironmentParts {
  /** The runner's own environment. */
  readonly inherited: NodeJS.ProcessEnv;
  readonly variables: readonly Variable[];
  readonly runId: string;
  readonly inputJson: string;
  readonly inputFile: string;
  readonly scriptDir: string;
  /** The folder of the script's packages, where it needs any. */
  readonly packagesDir?: string | undefined;
  /** Unique to the process: what it starts is found by it. */
  readonly mark: string;
  /** What the interpreter needs to load the helpers. */
  readonly interpreter: Readonly<Record<string, string>>;
}

/** An environment, with sentences for what a script's author should know of it; `problem` when the system would refuse it. */
export interface ChildEnvironment {
  readonly values: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
  readonly problem?: string;
}

/** The variable by which a run's processes are found. */
export const MARK_VARIABLE = "AUTOMN_RUN_MARK";
/** Set to 1 by a script for background work that is meant to stay; never inherited from the runner. */
export const KEEP_VARIABLE = "AUTOMN_KEEP";

/** Puts a script's environment together: the runner's without its private names, the script's variables, and above both what the runner sets. */
export function childEnvironment(parts: EnvironmentParts): ChildEnvironment {
  const own = ownVariables(parts);
  const notices: string[] = [];
  const values = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(inheritedEnvironment(parts.inherited))) {
    if (name !== KEEP_VARIABLE && !isInputName(name)) values[name] = value;
  }
  for (const { name, value } of parts.variables) {
    if (Object.hasOwn(parts.interpreter, name)) continue; // the language has joined both values
    if (Object.hasOwn(own, name) || isRunnerVariable(name) || isInputName(name)) notices.push(`The variable ${name} was left out: the name belongs to the runner.`);
    else values[name] = value;
  }
  Object.assign(values, own);
  const inputBytes = Buffer.byteLength(parts.inputJson);
  if (inputBytes > MAX_INPUT_VARIABLE_BYTES)
    notices.push(`The input has ${inputBytes} bytes, too many for environment variables: read it from the file that AUTOMN_INPUT_FILE names.`);
  const problem = [...parts.variables, { name: "AUTOMN_RUN_ID", value: parts.runId }].map(refusal).find((sentence) => sentence !== undefined);
  return { values, notices, ...(problem === undefined ? {} : { problem }) };
}

function ownVariables(parts: EnvironmentParts): Record<string, string> {
  const fits = Buffer.byteLength(parts.inputJson) <= MAX_INPUT_VARIABLE_BYTES;
  return {
    ...parts.interpreter,
    ...Object.fromEntries((fits ? INPUT_NAMES : []).map((name) => [name, parts.inputJson])),
    AUTOMN_INPUT_FILE: parts.inputFile,
    AUTOMN_RUN_ID: parts.runId,
    AUTOMN_SCRIPT_DIR: parts.scriptDir,
    ...(parts.packagesDir === undefined ? {} : { AUTOMN_PACKAGES: parts.packagesDir }),
    [MARK_VARIABLE]: parts.mark,
  };
}

function isInputName(name: string): boolean {
  return (INPUT_NAMES as readonly string[]).includes(name);
}

/** Why the system would refuse a variable, or nothing. */
function refusal({ name, value }: Variable): string | undefined {
  if (name === "" || /[=\0]/.test(name)) return `Cannot pass the variable ${JSON.stringify(name)}: this is no name for an environment variable.`;
  if (value.includes("\0")) return `Cannot pass the variable ${name}: its value holds a NUL character.`;
  const bytes = Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  if (bytes > MAX_VARIABLE_BYTES) return `Cannot pass the variable ${name}: it has ${bytes} bytes, the system takes at most ${MAX_VARIABLE_BYTES}.`;
  return undefined;
}

// Where the runner keeps its data, and which variable decides it.
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { VARIABLES } from "./variables.ts";
import type { SetNames, Values, VariableKey } from "./variables.ts";

/** The places of the runner's data, as absolute paths. */
export interface Directories {
  readonly stateDir: string;
  readonly stateFile: string;
  readonly scriptsDir: string;
  readonly workDir: string;
}

/** A directory that the runner must be able to write to. */
export interface RequiredDirectory {
  readonly purpose: "state" | "scripts" | "work";
  readonly path: string;
  /** The variable that decides it, as `NAME=value`; absent for a default. */
  readonly setBy?: string;
  /** The name of the variable that can name another directory. */
  readonly variable: string;
}

/** The places that the variables name; those that none names lie in the data directory. */
export function directoriesOf(values: Values, defaultDataDir: string): Directories {
  const data = values.dataDir ?? defaultDataDir;
  const { stateFile: file } = values;
  const stateDir = values.stateDir ?? (isBareName(file) ? join(data, "state") : dirname(resolve(file)));
  return {
    stateDir,
    stateFile: isBareName(file) ? join(stateDir, file) : resolve(file),
    scriptsDir: values.scriptsDir ?? join(data, "scripts"),
    workDir: values.workDir ?? join(data, "script_workdir"),
  };
}

/** The directories without which the runner cannot start. */
export function requiredDirectories(env: NodeJS.ProcessEnv, values: Values, names: SetNames, places: Directories): RequiredDirectory[] {
  const required = (purpose: RequiredDirectory["purpose"], path: string, ...keys: readonly VariableKey[]): RequiredDirectory => {
    const name = [...keys, "dataDir" as const].map((key) => names[key]).find((one) => one !== undefined);
    const variable = VARIABLES[`${purpose}Dir`].name;
    return { purpose, path, variable, ...(name === undefined ? {} : { setBy: `${name}=${env[name]?.trim() ?? ""}` }) };
  };
  const stateFile: readonly VariableKey[] = isBareName(values.stateFile) ? [] : ["stateFile"];
  return [
    required("state", places.stateDir, "stateDir", ...stateFile),
    required("scripts", places.scriptsDir, "scriptsDir"),
    required("work", places.workDir, "workDir"),
  ];
}

function isBareName(file: string): boolean {
  return basename(file) === file && !isAbsolute(file);
}

// Reads the environment once into a frozen Config, and reports every problem at once.
import { describe } from "../lib/failure.ts";
import { directoriesOf, requiredDirectories } from "./directories.ts";
import type { Directories, RequiredDirectory } from "./directories.ts";
import { endpointUrl, jobPaths } from "./endpoint.ts";
import { allVariables, interpreterVariable } from "./interpreter-variables.ts";
import type { InterpreterVariable } from "./interpreter-variables.ts";
import { secretText } from "./readers.ts";
import { DISCONNECT_POLICIES, LOG_FORMATS, LOG_LEVELS, PACKAGE_MODES, VARIABLES, WORKSPACE_MODES } from "./variables.ts";
import type { SetNames, Values, Variable } from "./variables.ts";
import { warningsAbout } from "./warnings.ts";

const MIB = 1024 * 1024;

/** Everything that the operator can set. */
export interface Config extends Directories {
  readonly hostUrl?: string;
  readonly runnerId?: string;
  /** Where the host posts jobs; absent where neither URL is set. */
  readonly endpointUrl?: string;
  /** The paths at which jobs are accepted. */
  readonly jobPaths: readonly string[];
  readonly workspace: (typeof WORKSPACE_MODES)[number];
  /** 0 for no heartbeats. */
  readonly heartbeatMs: number;
  readonly secret?: string;
  readonly resetToken?: string;
  readonly statusMessage?: string;
  /** What the host is told; absent where nothing limits it. */
  readonly advertisedConcurrency?: number;
  readonly localMaxConcurrency?: number;
  /** The host's bound on the silence of a job; ends no run. */
  readonly timeoutMs?: number;
  /** The longest that a script may run. */
  readonly maxRunMs?: number;
  readonly port: number;
  readonly bind?: string;
  /** Interpreters that the operator chose, by language. */
  readonly interpreters: Readonly<Record<string, string | undefined>>;
  readonly killGraceMs: number;
  readonly drainMs: number;
  readonly onDisconnect: (typeof DISCONNECT_POLICIES)[number];
  readonly maxMemoryMb?: number;
  readonly maxOutputBytes: number;
  readonly journalMaxBytes: number;
  readonly keepResultsBytes: number;
  /** A variable is treated as secret if its name contains one of these words, in upper case. */
  readonly secretWords: readonly string[];
  /** Processes started ahead per language, and how long they wait unused. */
  readonly warm: number;
  readonly warmIdleMs: number;
  readonly packages: (typeof PACKAGE_MODES)[number];
  readonly packagesMaxBytes: number;
  readonly installConcurrency: number;
  readonly installTimeoutMs: number;
  readonly npmPath?: string;
  readonly npmIgnoreScripts: boolean;
  readonly maxBodyBytes: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly logFormat: (typeof LOG_FORMATS)[number];
}

/** What reading the environment gave: a config if there was no problem, and one sentence for each problem and warning. */
export interface ConfigReading {
  readonly config?: Config;
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
  /** The directories that must be usable for the runner to start. */
  readonly directories: readonly RequiredDirectory[];
}

/** The content of a file that a `_FILE` variable names, or why it could not be read. */
export type FileContent = { readonly content: string } | { readonly error: string };

/** What a config depends on besides the environment. */
export interface ConfigSources {
  /** The content of each file that `secretFiles` names, by path. */
  readonly files: ReadonlyMap<string, FileContent>;
  /** The languages whose interpreters can be set. */
  readonly languages: readonly InterpreterVariable[];
  readonly defaultDataDir: string;
  readonly isTerminal: boolean;
}

/** The paths of the files whose content `readConfig` needs. */
export function secretFiles(env: NodeJS.ProcessEnv): string[] {
  const { secretFile, resetTokenFile } = readVariables(env, []).values;
  return [secretFile, resetTokenFile].filter((path) => path !== undefined);
}

/** Reads the whole environment. Never throws. */
export function readConfig(env: NodeJS.ProcessEnv, sources: ConfigSources): ConfigReading {
  const problems: string[] = [];
  const { values, names } = readVariables(env, problems);
  const secret = secretOf(values, "secret", sources, problems);
  const resetToken = secretOf(values, "resetToken", sources, problems);
  const interpreters = readInterpreters(env, sources.languages, problems);
  const warnings = warningsAbout(env, values, names, allVariables(sources.languages));
  const places = directoriesOf(values, sources.defaultDataDir);
  const reading = { warnings, problems, directories: requiredDirectories(env, values, names, places) };
  if (problems.length > 0) return reading;
  const config = { ...toConfig({ ...values, secret, resetToken }, sources.isTerminal), interpreters, ...places };
  return { ...reading, config: Object.freeze(config) };
}

function toConfig(values: Values, isTerminal: boolean): Omit<Config, keyof Directories | "interpreters"> {
  const url = endpointUrl(values);
  const {
    hostUrl, runnerId, secret, resetToken, bind, statusMessage, timeoutMs, maxRunMs, maxConcurrency, localMaxConcurrency, maxMemoryMb,
    npmPath, port, workspace, killGraceMs, drainMs, onDisconnect, maxOutputBytes, journalMaxBytes, warmIdleMs, packages, installConcurrency,
    installTimeoutMs, npmIgnoreScripts, maxBodyBytes, logLevel,
  } = values;
  return {
    ...present({ hostUrl, runnerId, endpointUrl: url, secret, resetToken, bind, statusMessage, timeoutMs, maxRunMs, maxMemoryMb, npmPath }),
    ...present({ localMaxConcurrency, advertisedConcurrency: smaller(maxConcurrency, localMaxConcurrency) }),
    jobPaths: jobPaths(url, values.endpointPath),
    port, workspace, killGraceMs, drainMs, onDisconnect, maxOutputBytes, journalMaxBytes, warmIdleMs, packages, installConcurrency,
    installTimeoutMs, npmIgnoreScripts, maxBodyBytes, logLevel,
    heartbeatMs: values.heartbeatMs === "off" ? 0 : values.heartbeatMs || VARIABLES.heartbeatMs.fallback,
    secretWords: values.redact,
    keepResultsBytes: values.keepResultsMb * MIB,
    packagesMaxBytes: values.packagesMaxMb * MIB,
    warm: Math.min(values.warm, localMaxConcurrency ?? Infinity),
    logFormat: values.logFormat ?? (isTerminal ? "text" : "json"),
  };
}

/** The values of all variables, and the names of those that are set. */
function readVariables(env: NodeJS.ProcessEnv, problems: string[]): { readonly values: Values; readonly names: SetNames } {
  const values: Record<string, unknown> = {};
  const names: Record<string, string> = {};
  for (const [key, variable] of Object.entries<Variable<unknown>>(VARIABLES)) {
    const name = setName(env, variable);
    values[key] = readVariable(env, variable, problems) ?? variable.fallback;
    if (name !== undefined) names[key] = name;
  }
  return { values: values as Values, names };
}

function readInterpreters(env: NodeJS.ProcessEnv, languages: readonly InterpreterVariable[], problems: string[]): Config["interpreters"] {
  return Object.fromEntries(languages.map((language) => [language.name, readVariable(env, interpreterVariable(language), problems)]));
}

/** The name by which a variable is set, its own before its aliases. */
function setName(env: NodeJS.ProcessEnv, { name, aliases = [] }: Variable<unknown>): string | undefined {
  return [name, ...aliases].find((candidate) => env[candidate]?.trim());
}

function readVariable<T>(env: NodeJS.ProcessEnv, variable: Variable<T>, problems: string[]): T | undefined {
  const name = setName(env, variable);
  if (name === undefined) return undefined;
  try {
    return variable.read((env[name] ?? "").trim());
  } catch (error) {
    problems.push(`Cannot read ${name}: ${(error as Error).message}`);
    return undefined;
  }
}

/** A secret from its variable or from the file that its `_FILE` variable names. */
function secretOf(values: Values, key: "secret" | "resetToken", { files }: ConfigSources, problems: string[]): string | undefined {
  const file = values[`${key}File`];
  if (file === undefined) return values[key];
  const fileName = VARIABLES[`${key}File`].name;
  if (values[key] !== undefined) {
    problems.push(`Cannot read ${fileName}: ${VARIABLES[key].name} is set too, and only one of them can be right`);
    return undefined;
  }
  const read = files.get(file);
  if (read === undefined || "error" in read) {
    problems.push(`Cannot read ${fileName}: ${read?.error ?? `the file ${describe(file)} was not read`}`);
    return undefined;
  }
  try {
    return secretText(read.content);
  } catch (error) {
    problems.push(`Cannot read ${fileName}: ${(error as Error).message} in ${describe(file)}`);
    return undefined;
  }
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that have a value, so that an absent one is absent and not `undefined`. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}

// The environment, read once into a frozen Config; every problem is reported at once.
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { describe } from "../lib/failure.ts";
import { SECRET_WORDS, secretWords } from "./secret-words.ts";

/** The levels of the runner's own log, quietest last. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
/** What log lines look like. */
export const LOG_FORMATS = ["text", "json"] as const;

/** What may happen to a run whose host has gone. */
export const DISCONNECT_POLICIES = ["cancel", "continue"] as const;

const MIB = 1024 * 1024;
/** What may be done about a script's packages. */
export const PACKAGE_MODES = ["auto", "offline", "off"] as const;

/** The largest delay that a timer takes, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** The host drops a runner that it has not heard from for two minutes. */
const MAX_SAFE_HEARTBEAT_MS = 100_000;
const DEFAULT_PORT = 3030;
const JOB_PATH = "/api/run";
/** Paths that the runner serves itself, so that jobs can't be taken there. */
const RESERVED = /^\/(|status|favicon\.ico|(ui|assets|internal)(\/.*)?|api\/(runs|packages)(\/.*)?)\/?$/;

/** Turns a variable's text into its value; throws what was wanted instead. */
type Reader<T> = (text: string) => T;

/** One row of the README's table and how the value is read. */
interface Variable<T> {
  readonly name: string;
  /** Other names that mean the same; the first one that is set wins, the proper name before all. */
  readonly aliases?: readonly string[];
  /** What the README's table shows as default. */
  readonly shown: string;
  readonly meaning: string;
  readonly read: Reader<T>;
}

const text: Reader<string> = (value) => value;
const path: Reader<string> = (value) => resolve(value);

/** Every variable that the runner reads, in the order of the README's table. */
export const VARIABLES = {
  hostUrl: { name: "AUTOMN_HOST_URL", aliases: ["AUTOMN_RUNNER_HOST_URL"], shown: "", read: baseUrl, meaning: "The host's address, e.g. `https://automn.example`. Without it the runner starts and says that it is missing." },
  runnerId: { name: "AUTOMN_RUNNER_ID", shown: "", read: text, meaning: "The id of this runner in the host's settings." },
  publicUrl: { name: "AUTOMN_RUNNER_PUBLIC_URL", shown: "", read: baseUrl, meaning: "The address under which the host reaches this runner; a path in it is kept as a prefix." },
  endpointUrl: { name: "AUTOMN_RUNNER_ENDPOINT_URL", shown: "", read: httpUrl, meaning: "The full address to which the host posts jobs; wins over the public URL, and gets the endpoint path only where it has none." },
  endpointPath: { name: "AUTOMN_RUNNER_ENDPOINT_PATH", shown: "`/api/run`", read: jobPath, meaning: "The path for jobs; `/api/run` works besides." },
  dataDir: { name: "AUTOMN_RUNNER_DATA_DIR", shown: "`runner/data`", read: path, meaning: "Where everything that lasts is kept, as far as the following four do not say otherwise." },
  stateDir: { name: "AUTOMN_RUNNER_STATE_DIR", shown: "`<data>/state`", read: path, meaning: "The folder of the state file and the journal." },
  stateFile: { name: "AUTOMN_RUNNER_STATE_FILE", shown: "`runner-state.json`", read: text, meaning: "The state file: a bare name lies in the state folder, anything else is a path." },
  scriptsDir: { name: "AUTOMN_RUNNER_SCRIPTS_DIR", shown: "`<data>/scripts`", read: path, meaning: "The scripts' own lasting folders." },
  workDir: { name: "AUTOMN_RUNNER_WORKDIR", shown: "`<data>/script_workdir`", read: path, meaning: "Where each run gets its own fresh working folder." },
  heartbeatMs: { name: "AUTOMN_RUNNER_HEARTBEAT_MS", shown: "`60000`", read: whole(0, MAX_TIMER_MS), meaning: "Milliseconds between heartbeats; 0 turns them off. The host drops a runner after two minutes of silence." },
  secret: { name: "AUTOMN_RUNNER_SECRET", shown: "", read: secretText, meaning: "The secret that the host showed; without it the page asks for one. At least 12 characters of printable ASCII." },
  secretFile: { name: "AUTOMN_RUNNER_SECRET_FILE", shown: "", read: text, meaning: "A file with the secret in it, as container secrets are given." },
  resetToken: { name: "AUTOMN_RUNNER_RESET_TOKEN", shown: "", read: secretText, meaning: "Allows `POST /internal/reset` to those who know it. At least 12 characters of printable ASCII." },
  resetTokenFile: { name: "AUTOMN_RUNNER_RESET_TOKEN_FILE", shown: "", read: text, meaning: "A file with the reset token in it." },
  statusMessage: { name: "AUTOMN_RUNNER_STATUS_MESSAGE", shown: "", read: text, meaning: "Shown to administrators of the host, with the reason of the registration behind it." },
  maxConcurrency: { name: "AUTOMN_RUNNER_MAX_CONCURRENCY", shown: "", read: whole(1), meaning: "How many runs at once the host is told to send." },
  localMaxConcurrency: { name: "AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY", shown: "", read: whole(1), meaning: "How many runs at once are accepted here, the next one gets 429; the host is told too where it is the smaller or the only one." },
  timeoutMs: { name: "AUTOMN_RUNNER_TIMEOUT_MS", shown: "", read: whole(1, MAX_TIMER_MS), meaning: "The host's bound on a job in milliseconds, and the most that one run may take here." },
  port: { name: "AUTOMN_RUNNER_PORT", aliases: ["PORT"], shown: "`3030`", read: whole(0, 65535), meaning: "The port to listen on, else `PORT`; 0 takes any free one and logs it." },
  bind: { name: "AUTOMN_RUNNER_BIND", shown: "all", read: text, meaning: "The address to listen on; all of IPv6 and IPv4 by default." },
  nodePath: { name: "AUTOMN_RUNNER_NODE_PATH", shown: "this node", read: text, meaning: "The interpreter for Node.js scripts." },
  pythonPath: { name: "AUTOMN_RUNNER_PYTHON_PATH", shown: "`python3`, `python`", read: text, meaning: "The interpreter for Python scripts." },
  powershellPath: { name: "AUTOMN_RUNNER_POWERSHELL_PATH", aliases: ["AUTOMN_POWERSHELL_PATH"], shown: "`pwsh`", read: text, meaning: "The interpreter for PowerShell scripts." },
  shellPath: { name: "AUTOMN_RUNNER_SHELL_PATH", aliases: ["AUTOMN_SHELL_PATH"], shown: "`bash`, `sh`", read: text, meaning: "The interpreter for shell scripts." },
  killGraceMs: { name: "AUTOMN_RUNNER_KILL_GRACE_MS", shown: "`5000`", read: whole(0, MAX_TIMER_MS), meaning: "Milliseconds between SIGTERM and SIGKILL when a run is ended." },
  drainMs: { name: "AUTOMN_RUNNER_DRAIN_MS", shown: "`30000`", read: whole(0, MAX_TIMER_MS), meaning: "Milliseconds that active runs may go on after SIGTERM or SIGINT before they are ended; 0 ends them at once." },
  onDisconnect: { name: "AUTOMN_RUNNER_ON_DISCONNECT", shown: "`cancel`", read: oneOf(DISCONNECT_POLICIES), meaning: "What happens to a run whose host closes the connection: `cancel` ends it, `continue` lets it go on, and its result can be fetched." },
  maxMemoryMb: { name: "AUTOMN_RUNNER_MAX_MEMORY_MB", shown: "off", read: whole(1), meaning: "The most resident memory that a run's processes may use together, in MiB; a run over it on two samples in a row, a second apart, is ended (Linux)." },
  maxOutputBytes: { name: "AUTOMN_RUNNER_MAX_OUTPUT_BYTES", shown: "`1048576`", read: whole(0, 64 * MIB), meaning: "How much of `stdout`, and as much of `stderr`, the result carries: head and tail, with a line in between that says what is missing. The live log is never cut." },
  journalMaxBytes: { name: "AUTOMN_RUNNER_JOURNAL_MAX_BYTES", shown: "`16777216`", read: whole(4096), meaning: "The size at which the journal `runs.ndjson` is rotated; four older files are kept." },
  keepResultsMb: { name: "AUTOMN_RUNNER_KEEP_RESULTS_MB", shown: "`64`", read: whole(0, 1024 * 1024), meaning: "How many MiB of frames and results of ended runs are kept to be fetched again, the oldest going first; 0 keeps none." },
  redact: { name: "AUTOMN_RUNNER_REDACT", shown: "see [Secrets in logs](#secrets-in-logs)", read: secretWords, meaning: "The words that make a variable's name a secret's: a list replaces them, `+WORD` adds one, `-WORD` removes one, `off` hides none." },
  warm: { name: "AUTOMN_RUNNER_WARM", shown: "`1`", read: whole(0, 64), meaning: "How many processes per language are started ahead, so that a job finds its interpreter running; from a language's first use on. 0 turns it off." },
  warmIdleMs: { name: "AUTOMN_RUNNER_WARM_IDLE_MS", shown: "`600000`", read: whole(0, MAX_TIMER_MS), meaning: "Milliseconds without a job after which a language's waiting processes are ended." },
  packages: { name: "AUTOMN_RUNNER_PACKAGES", shown: "`auto`", read: oneOf(PACKAGE_MODES), meaning: "What is done about a script's packages: `auto` installs what is missing, `offline` uses what is there and never the network, `off` does nothing." },
  packagesMaxMb: { name: "AUTOMN_RUNNER_PACKAGES_MAX_MB", shown: "`2048`", read: whole(1, 1024 * 1024), meaning: "How many MiB all sets of packages may take; the least recently used go first, none in use." },
  installConcurrency: { name: "AUTOMN_RUNNER_INSTALL_CONCURRENCY", shown: "`2`", read: whole(1), meaning: "How many installations run at a time." },
  installTimeoutMs: { name: "AUTOMN_RUNNER_INSTALL_TIMEOUT_MS", shown: "`300000`", read: whole(1, MAX_TIMER_MS), meaning: "The most that one installation may take, in milliseconds; a script's own time-out begins afterwards." },
  npmPath: { name: "AUTOMN_RUNNER_NPM_PATH", shown: "beside node, else on the PATH", read: text, meaning: "The npm that installs." },
  npmIgnoreScripts: { name: "AUTOMN_RUNNER_NPM_IGNORE_SCRIPTS", shown: "`0`", read: flag, meaning: "`1` runs no install scripts of npm packages." },
  maxBodyBytes: { name: "AUTOMN_RUNNER_MAX_BODY_BYTES", shown: "`33554432`", read: whole(1), meaning: "The largest job that is accepted, in bytes." },
  logLevel: { name: "AUTOMN_RUNNER_LOG_LEVEL", shown: "`info`", read: oneOf(LOG_LEVELS), meaning: "The least severe lines of the runner's own log: `debug`, `info`, `warn` or `error`." },
  logFormat: { name: "AUTOMN_RUNNER_LOG_FORMAT", shown: "`text` on a terminal, else `json`", read: oneOf(LOG_FORMATS), meaning: "`text` for people, `json` for machines, one object a line." },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;

/** Names that belong to the container image, known but not read. */
const IMAGE_NAMES = ["AUTOMN_RUNNER_PYTHON_VERSION", "AUTOMN_RUNNER_POWERSHELL_VERSION", "AUTOMN_RUNNER_VERSION"];

type Table = typeof VARIABLES;
type Values = { readonly [K in keyof Table]?: ReturnType<Table[K]["read"]> };

/** All that the runner is told from outside. */
export interface Config {
  readonly hostUrl?: string;
  readonly runnerId?: string;
  /** Where the host posts jobs; absent where neither URL is set. */
  readonly endpointUrl?: string;
  /** The paths on which jobs are taken. */
  readonly jobPaths: readonly string[];
  readonly stateDir: string;
  readonly stateFile: string;
  readonly scriptsDir: string;
  readonly workDir: string;
  readonly heartbeatMs: number;
  readonly secret?: string;
  readonly resetToken?: string;
  readonly statusMessage?: string;
  /** What the host is told; absent where nothing limits it. */
  readonly advertisedConcurrency?: number;
  readonly localMaxConcurrency?: number;
  readonly timeoutMs?: number;
  readonly port: number;
  readonly bind?: string;
  /** Interpreters that the operator chose, by language. */
  readonly interpreters: Readonly<Record<"node" | "python" | "powershell" | "shell", string | undefined>>;
  readonly killGraceMs: number;
  readonly drainMs: number;
  readonly onDisconnect: (typeof DISCONNECT_POLICIES)[number];
  readonly maxMemoryMb?: number;
  readonly maxOutputBytes: number;
  readonly journalMaxBytes: number;
  readonly keepResultsBytes: number;
  /** The words that make a variable's name a secret's. */
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

/** What the environment came to: a config where there was no problem, and sentences for the operator. */
export interface Reading {
  readonly config?: Config;
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
}

/** The content of a file that a `_FILE` variable names, or why it could not be read. */
export type FileContent = { readonly content: string } | { readonly error: string };

/** What the reading depends on besides the environment. */
export interface ConfigSources {
  /** The content of each file that `fileVariables` names, by path. */
  readonly files: ReadonlyMap<string, FileContent>;
  readonly defaultDataDir: string;
  readonly isTerminal: boolean;
}

/** The paths of the files whose content is wanted for `readConfig`. */
export function fileVariables(env: NodeJS.ProcessEnv): string[] {
  return [VARIABLES.secretFile.name, VARIABLES.resetTokenFile.name].flatMap((name) => env[name]?.trim() || []);
}

/** Reads the whole environment. Never throws: problems come back as sentences, one for each. */
export function readConfig(env: NodeJS.ProcessEnv, sources: ConfigSources): Reading {
  const problems: string[] = [];
  const values = readTable(env, problems);
  const secret = fromFile(values.secret, VARIABLES.secret.name, VARIABLES.secretFile.name, values.secretFile, sources, problems);
  const resetToken = fromFile(values.resetToken, VARIABLES.resetToken.name, VARIABLES.resetTokenFile.name, values.resetTokenFile, sources, problems);
  const warnings = [...unknownNames(env), ...heartbeatWarnings(values.heartbeatMs)];
  if (problems.length > 0) return { warnings, problems };
  const config = Object.freeze({
    ...present({ hostUrl: values.hostUrl, runnerId: values.runnerId, secret, resetToken, bind: values.bind }),
    ...present({ statusMessage: values.statusMessage, timeoutMs: values.timeoutMs, localMaxConcurrency: values.localMaxConcurrency }),
    ...present({ advertisedConcurrency: smaller(values.maxConcurrency, values.localMaxConcurrency) }),
    ...endpoint(values),
    ...places(values, sources.defaultDataDir),
    heartbeatMs: values.heartbeatMs ?? 60_000,
    port: values.port ?? DEFAULT_PORT,
    interpreters: { node: values.nodePath, python: values.pythonPath, powershell: values.powershellPath, shell: values.shellPath },
    killGraceMs: values.killGraceMs ?? 5_000,
    drainMs: values.drainMs ?? 30_000,
    onDisconnect: values.onDisconnect ?? "cancel",
    ...present({ maxMemoryMb: values.maxMemoryMb }),
    secretWords: values.redact ?? SECRET_WORDS,
    maxOutputBytes: values.maxOutputBytes ?? MIB,
    journalMaxBytes: values.journalMaxBytes ?? 16 * MIB,
    keepResultsBytes: (values.keepResultsMb ?? 64) * MIB,
    warm: Math.min(values.warm ?? 1, values.localMaxConcurrency ?? Infinity),
    warmIdleMs: values.warmIdleMs ?? 600_000,
    packages: values.packages ?? "auto",
    packagesMaxBytes: (values.packagesMaxMb ?? 2048) * MIB,
    installConcurrency: values.installConcurrency ?? 2,
    installTimeoutMs: values.installTimeoutMs ?? 300_000,
    ...present({ npmPath: values.npmPath }),
    npmIgnoreScripts: values.npmIgnoreScripts ?? false,
    maxBodyBytes: values.maxBodyBytes ?? 32 * MIB,
    logLevel: values.logLevel ?? "info",
    logFormat: values.logFormat ?? (sources.isTerminal ? "text" : "json"),
  } satisfies Config);
  return { config, warnings, problems };
}

/** A secret as it may travel in a header: trimmed. Throws a sentence that never names the value. */
export function secretText(value: string): string {
  const secret = value.trim();
  if (!/^[\x20-\x7e]*$/.test(secret)) throw new Error("wanted printable ASCII only, found other characters");
  if (secret.length < 12) throw new Error(`wanted at least 12 characters, found ${secret.length}`);
  return secret;
}

function readTable(env: NodeJS.ProcessEnv, problems: string[]): Values {
  const values: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries<Variable<unknown>>(VARIABLES)) {
    const name = [variable.name, ...(variable.aliases ?? [])].find((candidate) => env[candidate]?.trim());
    if (name === undefined) continue;
    try {
      values[key] = variable.read((env[name] ?? "").trim());
    } catch (error) {
      problems.push(`Cannot read ${name}: ${(error as Error).message}`);
    }
  }
  return values as Values;
}

function fromFile(
  value: string | undefined, name: string, fileName: string, file: string | undefined,
  sources: ConfigSources, problems: string[],
): string | undefined {
  if (file === undefined) return value;
  if (value !== undefined) {
    problems.push(`Cannot read ${fileName}: ${name} is set too, and only one of them can be right`);
    return value;
  }
  const read = sources.files.get(file);
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

function endpoint(values: Values): Pick<Config, "jobPaths"> & { readonly endpointUrl?: string } {
  const path = values.endpointPath ?? JOB_PATH;
  const url = values.endpointUrl !== undefined
    ? withPath(values.endpointUrl, path)
    : values.publicUrl !== undefined ? `${values.publicUrl.replace(/\/+$/, "")}${path}` : undefined;
  const ofUrl = url === undefined ? [] : [new URL(url).pathname].filter((one) => !RESERVED.test(one));
  return { ...present({ endpointUrl: url }), jobPaths: [...new Set([JOB_PATH, path, ...ofUrl])] };
}

function withPath(url: string, path: string): string {
  const parsed = new URL(url);
  return parsed.pathname === "/" && parsed.search === "" ? `${parsed.origin}${path}` : url;
}

function places(values: Values, defaultDataDir: string): Pick<Config, "stateDir" | "stateFile" | "scriptsDir" | "workDir"> {
  const data = values.dataDir ?? defaultDataDir;
  const file = values.stateFile ?? "runner-state.json";
  const bare = basename(file) === file && !isAbsolute(file);
  const stateDir = values.stateDir ?? (bare ? join(data, "state") : dirname(resolve(file)));
  return {
    stateDir,
    stateFile: bare ? join(stateDir, file) : resolve(file),
    scriptsDir: values.scriptsDir ?? join(data, "scripts"),
    workDir: values.workDir ?? join(data, "script_workdir"),
  };
}

function heartbeatWarnings(ms: number | undefined): string[] {
  if (ms === undefined || (ms > 0 && ms <= MAX_SAFE_HEARTBEAT_MS)) return [];
  const rhythm = ms === 0 ? "turns heartbeats off" : `is longer than ${MAX_SAFE_HEARTBEAT_MS}`;
  return [`AUTOMN_RUNNER_HEARTBEAT_MS=${ms} ${rhythm}: the host sends no jobs to a runner that it has not heard from for two minutes.`];
}

function unknownNames(env: NodeJS.ProcessEnv): string[] {
  const known = Object.values<Variable<unknown>>(VARIABLES).flatMap((variable) => [variable.name, ...(variable.aliases ?? [])]);
  return Object.keys(env)
    .filter((name) => name.startsWith("AUTOMN_RUNNER_") && !known.includes(name) && !IMAGE_NAMES.includes(name))
    .map((name) => `${name} is no variable of the runner; the nearest one is ${nearest(name, known)}.`);
}

function nearest(name: string, known: readonly string[]): string {
  const byDistance = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  return byDistance.reduce((best, next) => (next.distance < best.distance ? next : best)).candidate;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function httpUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new Error(`wanted an absolute http or https URL, found ${describe(value)}`);
  if (url.username !== "" || url.password !== "") throw new Error("wanted a URL without a user name or password in it, found one with");
  if (url.hash !== "") throw new Error(`wanted a URL without a fragment, found ${describe(value)}`);
  return value;
}

/** A URL to which paths are added. */
function baseUrl(value: string): string {
  if (new URL(httpUrl(value)).search !== "") throw new Error(`wanted a URL without a query, found ${describe(value)}`);
  return value;
}

function jobPath(value: string): string {
  const path = value.startsWith("/") ? value : `/${value}`;
  const parsed = new URL(path, "http://runner");
  if (parsed.pathname !== path || /[?#:*]/.test(value)) throw new Error(`wanted a plain path such as ${JOB_PATH}, found ${describe(value)}`);
  if (RESERVED.test(path)) throw new Error(`wanted a path that the runner does not serve itself, found ${describe(value)}`);
  return path;
}

function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): Reader<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `${min} to ${max}`;
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) throw new Error(`wanted ${range}, found ${describe(value)}`);
    return number;
  };
}

function oneOf<const T extends readonly string[]>(words: T): Reader<T[number]> {
  return (value) => {
    const word = words.find((candidate) => candidate === value.toLowerCase());
    if (word === undefined) throw new Error(`wanted ${words.join(", ")}, found ${describe(value)}`);
    return word;
  };
}

function flag(value: string): boolean {
  return oneOf(["0", "1"])(value) === "1";
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}

/** The fields that have a value, so that an absent one is absent and not `undefined`. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

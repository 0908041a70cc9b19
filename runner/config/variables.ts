// The variables that the runner reads, those of the languages apart: one row for each, in the order of the README's table.
import { JOB_PATH, jobPath } from "./endpoint.ts";
import {
  baseUrl, directory, file, flag, httpUrl, limit, MAX_TIMER_MS, millisecondsOrOff, oneOf, port, secretText, text,
  whole,
} from "./readers.ts";
import type { Reader } from "./readers.ts";
import { SECRET_WORDS, secretWords } from "./secret-words.ts";

/** The levels of the runner's own log, the quietest last. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
/** The formats of the runner's own log. */
export const LOG_FORMATS = ["text", "json"] as const;
/** What can happen to a run whose host has closed the connection. */
export const DISCONNECT_POLICIES = ["cancel", "continue"] as const;
/** How a script's packages can be provided. */
export const PACKAGE_MODES = ["auto", "offline", "off"] as const;
/** Whose a working directory can be: one run's, or a script's for all of its runs. */
export const WORKSPACE_MODES = ["run", "script"] as const;

const MIB = 1024 * 1024;

/** A variable of the environment. */
export interface Variable<T> {
  readonly name: string;
  /** Other names for it; the first one that is set counts, and `name` before all. */
  readonly aliases?: readonly string[];
  readonly read: Reader<T>;
  /** The value where the variable is not set. */
  readonly fallback?: T;
  /** The default as the README's table shows it, where that is not just `fallback`. */
  readonly shown?: string;
  readonly meaning: string;
}

export const VARIABLES = {
  hostUrl: {
    name: "AUTOMN_HOST_URL", aliases: ["AUTOMN_RUNNER_HOST_URL"], read: baseUrl,
    meaning: "Address of the host, such as `https://automn.example`. Without it, the runner starts but cannot register.",
  },
  runnerId: {
    name: "AUTOMN_RUNNER_ID", read: text,
    meaning: "ID of this runner in the host's settings.",
  },
  publicUrl: {
    name: "AUTOMN_RUNNER_PUBLIC_URL", read: baseUrl,
    meaning: "Address at which the host reaches this runner. The endpoint path is appended unless the address already ends with it.",
  },
  endpointUrl: {
    name: "AUTOMN_RUNNER_ENDPOINT_URL", read: httpUrl,
    meaning: "Full address to which the host posts jobs. It takes precedence over the public URL; the endpoint path is appended only " +
      "if it has no path of its own.",
  },
  endpointPath: {
    name: "AUTOMN_RUNNER_ENDPOINT_PATH", read: jobPath, fallback: JOB_PATH,
    meaning: "Path at which jobs are accepted, in addition to `/api/run`.",
  },
  dataDir: {
    name: "AUTOMN_RUNNER_DATA_DIR", read: directory, shown: "`runner/data`, see [Deployment](#deployment)",
    meaning: "Base directory for persistent data; the next four variables override parts of it.",
  },
  stateDir: {
    name: "AUTOMN_RUNNER_STATE_DIR", read: directory, shown: "`<data>/state`",
    meaning: "Directory for the state file, the journal and the results of completed runs.",
  },
  stateFile: {
    name: "AUTOMN_RUNNER_STATE_FILE", read: file, fallback: "runner-state.json",
    meaning: "State file: a bare file name is placed in the state directory, anything else is a path.",
  },
  scriptsDir: {
    name: "AUTOMN_RUNNER_SCRIPTS_DIR", read: directory, shown: "`<data>/scripts`",
    meaning: "Directory that holds a persistent folder for each script.",
  },
  workDir: {
    name: "AUTOMN_RUNNER_WORKDIR", read: directory, shown: "`<data>/script_workdir`",
    meaning: "Directory in which each run gets an empty working directory.",
  },
  workspace: {
    name: "AUTOMN_RUNNER_WORKSPACE", read: oneOf(WORKSPACE_MODES), fallback: "run",
    meaning: "Working directory of a script: `run` gives every run an empty one; `script` uses the script's persistent folder, " +
      "`AUTOMN_SCRIPT_DIR`, which runs at the same time share.",
  },
  heartbeatMs: {
    name: "AUTOMN_RUNNER_HEARTBEAT_MS", read: millisecondsOrOff, fallback: 60_000,
    meaning: "Milliseconds between heartbeats; `off` sends none. The host sends no jobs to a runner that has been silent for two minutes.",
  },
  secret: {
    name: "AUTOMN_RUNNER_SECRET", read: secretText,
    meaning: "Secret that the host issued, at least 12 printable ASCII characters. Without it, the operator page asks for it.",
  },
  secretFile: {
    name: "AUTOMN_RUNNER_SECRET_FILE", read: file,
    meaning: "File that contains the secret, such as a mounted container secret.",
  },
  resetToken: {
    name: "AUTOMN_RUNNER_RESET_TOKEN", read: secretText,
    meaning: "Token that authorizes `POST /internal/reset` and removing all packages, at least 12 printable ASCII characters. " +
      "Without it, neither is possible.",
  },
  resetTokenFile: {
    name: "AUTOMN_RUNNER_RESET_TOKEN_FILE", read: file,
    meaning: "File that contains the reset token.",
  },
  statusMessage: {
    name: "AUTOMN_RUNNER_STATUS_MESSAGE", read: text,
    meaning: "Message for the host's administrators; the reason for the registration is appended.",
  },
  maxConcurrency: {
    name: "AUTOMN_RUNNER_MAX_CONCURRENCY", read: limit(), shown: "unlimited",
    meaning: "Number of concurrent runs that the host is told to send; `0` or `unlimited` sets no limit.",
  },
  localMaxConcurrency: {
    name: "AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY", read: limit(), shown: "unlimited",
    meaning: "Number of concurrent runs that this runner accepts; it refuses more with status 429. `0` or `unlimited` sets no limit. " +
      "The host is told the smaller of both limits.",
  },
  timeoutMs: {
    name: "AUTOMN_RUNNER_TIMEOUT_MS", read: limit(MAX_TIMER_MS), shown: "none",
    meaning: "Milliseconds of silence after which the host is told to give up on a job. The runner keeps the connection busy, so this " +
      "ends no run. `0` or `unlimited` sets no limit.",
  },
  maxRunMs: {
    name: "AUTOMN_RUNNER_MAX_RUN_MS", read: limit(MAX_TIMER_MS), shown: "none",
    meaning: "Milliseconds that a script may run here, if its own timeout is not shorter. `0` or `unlimited` sets no limit.",
  },
  port: {
    name: "AUTOMN_RUNNER_PORT", aliases: ["PORT"], read: port, fallback: 3030,
    meaning: "Port to listen on; `0` picks a free port and logs it.",
  },
  bind: {
    name: "AUTOMN_RUNNER_BIND", read: text, shown: "all",
    meaning: "Address to listen on; by default all addresses, IPv6 and IPv4.",
  },
  killGraceMs: {
    name: "AUTOMN_RUNNER_KILL_GRACE_MS", read: whole(0, MAX_TIMER_MS), fallback: 5_000,
    meaning: "Milliseconds between SIGTERM and SIGKILL when a run is terminated.",
  },
  drainMs: {
    name: "AUTOMN_RUNNER_DRAIN_MS", read: whole(0, MAX_TIMER_MS), fallback: 30_000,
    meaning: "Milliseconds that active runs may continue after SIGTERM, SIGINT or SIGHUP before they are terminated; `0` terminates them " +
      "at once.",
  },
  onDisconnect: {
    name: "AUTOMN_RUNNER_ON_DISCONNECT", read: oneOf(DISCONNECT_POLICIES), fallback: "cancel",
    meaning: "What happens to a run when the host closes the connection: `cancel` terminates it; `continue` lets it finish, and its " +
      "result can be fetched.",
  },
  maxMemoryMb: {
    name: "AUTOMN_RUNNER_MAX_MEMORY_MB", read: whole(1), shown: "off",
    meaning: "Resident memory in MiB that the processes of a run may use together. A run that exceeds it twice in a row, a second apart, " +
      "is terminated (Linux only).",
  },
  maxOutputBytes: {
    name: "AUTOMN_RUNNER_MAX_OUTPUT_BYTES", read: whole(0, 64 * MIB), fallback: MIB,
    meaning: "Bytes of `stdout`, and as many of `stderr`, in a result. Of longer output the beginning and the end are kept, and a line " +
      "between them says how much is missing. The live log is never cut.",
  },
  journalMaxBytes: {
    name: "AUTOMN_RUNNER_JOURNAL_MAX_BYTES", read: whole(4096), fallback: 16 * MIB,
    meaning: "Size in bytes at which the journal `runs.ndjson` is rotated; four older files are kept.",
  },
  keepResultsMb: {
    name: "AUTOMN_RUNNER_KEEP_RESULTS_MB", read: whole(0, 1024 * 1024), fallback: 64,
    meaning: "MiB of frames and results of completed runs that are kept so that they can be fetched again; the oldest are removed first. " +
      "`0` keeps none.",
  },
  redact: {
    name: "AUTOMN_RUNNER_REDACT", read: secretWords, fallback: SECRET_WORDS, shown: "see [Secrets in logs](#secrets-in-logs)",
    meaning: "A variable is treated as secret if its name contains one of these words. A list replaces the default, `+WORD` adds a word, " +
      "`-WORD` removes one, and `off` treats no variable as secret.",
  },
  warm: {
    name: "AUTOMN_RUNNER_WARM", read: whole(0, 64), fallback: 1,
    meaning: "Number of processes per language that are started ahead of jobs, from the first use of the language on; `0` turns warm " +
      "starts off.",
  },
  warmIdleMs: {
    name: "AUTOMN_RUNNER_WARM_IDLE_MS", read: whole(0, MAX_TIMER_MS), fallback: 600_000,
    meaning: "Milliseconds without a job after which the warm processes of a language are discarded.",
  },
  packages: {
    name: "AUTOMN_RUNNER_PACKAGES", read: oneOf(PACKAGE_MODES), fallback: "auto",
    meaning: "How a script's packages are provided: `auto` installs missing ones, `offline` uses installed ones and no network, `off` " +
      "ignores packages.",
  },
  packagesMaxMb: {
    name: "AUTOMN_RUNNER_PACKAGES_MAX_MB", read: whole(1, 1024 * 1024), fallback: 2048,
    meaning: "MiB that all package sets may use together; the least recently used are removed first, but none that is in use.",
  },
  installConcurrency: {
    name: "AUTOMN_RUNNER_INSTALL_CONCURRENCY", read: whole(1), fallback: 2,
    meaning: "Number of package installations that run at the same time.",
  },
  installTimeoutMs: {
    name: "AUTOMN_RUNNER_INSTALL_TIMEOUT_MS", read: whole(1, MAX_TIMER_MS), fallback: 300_000,
    meaning: "Milliseconds that one installation may take; the script's own timeout starts after it.",
  },
  npmPath: {
    name: "AUTOMN_RUNNER_NPM_PATH", read: file, shown: "beside Node.js, else on the PATH",
    meaning: "Path of the npm that installs packages.",
  },
  npmIgnoreScripts: {
    name: "AUTOMN_RUNNER_NPM_IGNORE_SCRIPTS", read: flag, fallback: false, shown: "`0`",
    meaning: "`1` skips the install scripts of npm packages.",
  },
  maxBodyBytes: {
    name: "AUTOMN_RUNNER_MAX_BODY_BYTES", read: whole(1), fallback: 32 * MIB,
    meaning: "Size in bytes of the largest job that is accepted.",
  },
  logLevel: {
    name: "AUTOMN_RUNNER_LOG_LEVEL", read: oneOf(LOG_LEVELS), fallback: "info",
    meaning: "Lowest level that the runner's own log shows: `debug`, `info`, `warn` or `error`.",
  },
  logFormat: {
    name: "AUTOMN_RUNNER_LOG_FORMAT", read: oneOf(LOG_FORMATS), shown: "`text` on a terminal, else `json`",
    meaning: "Format of the runner's own log: `text` for people, `json` for machines, one object per line.",
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;

/** The key of a variable in the table. */
export type VariableKey = keyof typeof VARIABLES;

/** The name by which each variable was set, its own or an alias. */
export type SetNames = { readonly [K in VariableKey]?: string };

/** What was read: a variable's value, its fallback, or undefined. */
export type Values = {
  readonly [K in VariableKey]: (typeof VARIABLES)[K] extends { readonly fallback: unknown }
    ? Exclude<ReturnType<(typeof VARIABLES)[K]["read"]>, undefined>
    : ReturnType<(typeof VARIABLES)[K]["read"]> | undefined;
};

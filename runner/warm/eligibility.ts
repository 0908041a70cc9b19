// What a process that was started ahead can't take over from a job: the one rule of what forces a cold start.
import type { Interpreter } from "../languages/language.ts";

/** What a process is started with, apart from the script. */
export interface StartConditions {
  readonly interpreter: Interpreter;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Variables that are read when a process starts, by the loader, the C library or the interpreter, and hardly later. */
const READ_AT_START: readonly RegExp[] = [
  /^(LD|DYLD|MALLOC|MIMALLOC)_/, /^(GLIBC_TUNABLES|GCONV_PATH|LOCPATH|TZDIR)$/,
  /^(LC_.*|LANG|LANGUAGE|HOME)$/,
  /^(OPENSSL_|SSL_CERT_|SSLKEYLOGFILE$)/,
  /^(UV|ICU)_/, /^NODE_(?!ENV$)/,
  /^PYTHON/, /^__PYVENV_LAUNCHER__$/,
  /^(DOTNET|COMPlus|CORECLR|POWERSHELL|XDG)_/i, /^(PSModulePath|PSModuleAnalysisCachePath|__PSLockdownPolicy)$/i,
];

/** What a process can be started with, variables and their lengths together, is bounded by the system; so far below the bound nobody meets it. */
const SAFE_ENVIRONMENT_BYTES = 1024 * 1024;

/**
 * The reason why a process that began as `ahead` can't become one that is to begin as `wanted`, or nothing.
 * The runner's own variables all begin with `AUTOMN_` and are none. `TZ` is taken over by each language itself.
 */
export function coldReason(ahead: StartConditions, wanted: StartConditions): string | undefined {
  if (ahead.interpreter !== wanted.interpreter) return "the interpreter has changed";
  if (sizeOf(wanted.environment) > SAFE_ENVIRONMENT_BYTES) return "the system may refuse an environment of this size";
  const names = new Set([...Object.keys(ahead.environment), ...Object.keys(wanted.environment)]);
  for (const name of names) {
    const value = wanted.environment[name];
    if (ahead.environment[name] === value) continue;
    if (readAtStart(name)) return `${name} is read when the process starts`;
    if (value === "") return `${name} is empty, and .NET before version 9 can't set a variable to nothing`;
  }
  return undefined;
}

function sizeOf(environment: StartConditions["environment"]): number {
  return Object.entries(environment).reduce((sum, [name, value = ""]) => sum + name.length + value.length + 10, 0);
}

function readAtStart(name: string): boolean {
  return READ_AT_START.some((pattern) => pattern.test(name));
}

// Which scripts a warm process can run: those whose environment it can take over after its start.
import type { Interpreter } from "../languages/language.ts";

/** What a script's process is started with. */
export interface StartConditions {
  readonly interpreter: Interpreter;
  /** The script's whole environment, apart from what its workspace adds. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Variables that the loader, the C library or the interpreter reads when a process starts, and hardly later. */
const READ_AT_START: readonly RegExp[] = [
  /^(LD|DYLD|MALLOC|MIMALLOC)_/, /^(GLIBC_TUNABLES|GCONV_PATH|LOCPATH|TZDIR)$/,
  /^(LC_.*|LANG|LANGUAGE|HOME)$/,
  /^(OPENSSL_|SSL_CERT_|SSLKEYLOGFILE$)/,
  /^(UV|ICU)_/, /^NODE_(?!ENV$)/,
  /^PYTHON/, /^__PYVENV_LAUNCHER__$/,
  /^(DOTNET|COMPlus|CORECLR|POWERSHELL|XDG)_/i, /^(PSModulePath|PSModuleAnalysisCachePath|__PSLockdownPolicy)$/i,
];

/** Every system bounds what a new process's variables take together; none has a bound as low as this. */
const SAFE_ENVIRONMENT_BYTES = 1024 * 1024;

/**
 * Why a script must have a process started for it, instead of a warm one; nothing where the warm one will do. `TZ` is no
 * reason, since each language takes it over by itself.
 */
export function coldReason(warm: StartConditions, wanted: StartConditions): string | undefined {
  if (warm.interpreter !== wanted.interpreter) return "the interpreter has changed";
  if (sizeOf(wanted.environment) > SAFE_ENVIRONMENT_BYTES) return "the system may refuse an environment of this size";
  const names = new Set([...Object.keys(warm.environment), ...Object.keys(wanted.environment)]);
  for (const name of names) {
    const value = wanted.environment[name];
    if (warm.environment[name] === value) continue;
    if (READ_AT_START.some((pattern) => pattern.test(name))) return `${name} is read when the process starts`;
    if (value === "") return `${name} is empty, and .NET before version 9 cannot set a variable to nothing`;
  }
  return undefined;
}

function sizeOf(environment: StartConditions["environment"]): number {
  return Object.entries(environment).reduce((sum, [name, value]) => sum + name.length + value.length + 10, 0);
}

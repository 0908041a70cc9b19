// The interpreters of this machine and the smallest plain script for each.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import type { Job } from "./connection.ts";
import type { Harness } from "./harness.ts";

/** The names of the languages. */
export type LanguageName = "node" | "python" | "powershell" | "shell";

/** An interpreter with a script that prints one line. */
export interface Interpreter {
  readonly name: LanguageName;
  /** The real executable, no version manager's shim. */
  readonly file: string;
  readonly version: string;
  readonly job: Job;
  /** Starts the same script without a runner, and resolves when it has ended and its output is read. */
  bare(): Promise<void>;
}

/** How an interpreter is found and started. */
interface Entry {
  readonly commands: readonly string[];
  /** Prints the path of the executable, or nothing where it is the command itself, and its version. */
  readonly probe: readonly string[];
  readonly before: readonly string[];
  readonly extension: string;
  readonly code: string;
}

const PROBE_MS = 20_000;
const PWSH = ["-NoLogo", "-NoProfile", "-NonInteractive"];

const ENTRIES: Readonly<Record<LanguageName, Entry>> = {
  node: {
    commands: [process.execPath],
    probe: ["-p", "process.execPath + '\\n' + process.versions.node"], before: [], extension: ".js", code: "console.log('hello')\n",
  },
  python: {
    commands: ["python3", "python"],
    probe: ["-c", "import platform, sys; print(sys.executable); print(platform.python_version())"], before: [], extension: ".py", code: "print('hello')\n",
  },
  powershell: {
    commands: ["pwsh"],
    probe: [...PWSH, "-Command", "''; $PSVersionTable.PSVersion.ToString()"], before: [...PWSH, "-File"], extension: ".ps1", code: "'hello'\n",
  },
  shell: {
    commands: ["bash", "sh"],
    probe: ["-c", "echo; echo ${BASH_VERSION:-}"], before: [], extension: ".sh", code: "echo hello\n",
  },
};

/** The names, in the order of the table. */
export const LANGUAGE_NAMES = Object.keys(ENTRIES) as LanguageName[];

/** Finds the interpreters of this machine, those that a runner would take. */
export async function findInterpreters(harness: Harness): Promise<Interpreter[]> {
  const found = await Promise.all(LANGUAGE_NAMES.map((name) => find(name, harness)));
  return found.filter((one) => one !== undefined);
}

async function find(name: LanguageName, harness: Harness): Promise<Interpreter | undefined> {
  const { commands, probe, before, extension, code } = ENTRIES[name];
  const chosen = process.env[`AUTOMN_RUNNER_${name.toUpperCase()}_PATH`]?.trim();
  for (const command of chosen ? [chosen] : commands) {
    // PowerShell would wait for the end of standard input.
    const asked = promisify(execFile)(command, [...probe], { env: harness.environment, timeout: PROBE_MS, killSignal: "SIGKILL" });
    asked.child.stdin?.end();
    const answer = await asked.catch(() => undefined);
    if (answer === undefined) continue;
    const [path, version = ""] = answer.stdout.split(/\r?\n/);
    const file = path?.trim() || command;
    const script = await harness.write(`plain-${name}${extension}`, code);
    return { name, file, version: version.trim(), job: { language: name, code }, bare: () => endOf(harness, file, [...before, script]) };
  }
  return undefined;
}

/** Resolves when a process has ended with code 0 and all its output is read. */
export async function endOf(harness: Harness, file: string, args: readonly string[], input: "ignore" | number = "ignore"): Promise<void> {
  const child = harness.spawn(file, args, { stdio: [input, "pipe", "inherit"] });
  child.stdout?.resume();
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${code ?? signal}`);
}

// The interpreters of this machine, and a minimal script for each.
import { once } from "node:events";
import { findInterpreter } from "../../runner/languages/interpreter-search.ts";
import type { Language } from "../../runner/languages/language.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { createLog } from "../../runner/lib/log.ts";
import type { Job } from "./connection.ts";
import type { Harness } from "./harness.ts";

/** An interpreter with a script that prints one line. */
export interface Interpreter {
  /** The name of its language. */
  readonly name: string;
  /** The real executable, not a version manager's shim. */
  readonly file: string;
  readonly version: string;
  readonly job: Job;
  /** Starts the same script without a runner; resolves when it has ended and its output is read. */
  bare(): Promise<void>;
}

/** A script that prints one line, and the arguments before its file when it is started without a runner. */
interface MinimalScript {
  readonly code: string;
  readonly args?: readonly string[];
}

/** By language. A language without a script here is not measured. */
const SCRIPTS: Readonly<Record<string, MinimalScript>> = {
  node: { code: "console.log('hello')\n" },
  python: { code: "print('hello')\n" },
  powershell: { code: "'hello'\n", args: ["-NoLogo", "-NoProfile", "-NonInteractive", "-File"] },
  shell: { code: "echo hello\n" },
};

/** Finds the interpreters of this machine, the same ones that a runner would use. */
export async function findInterpreters(harness: Harness): Promise<Interpreter[]> {
  const found = await Promise.all(LANGUAGES.map((language) => find(language, harness)));
  return found.filter((interpreter) => interpreter !== undefined);
}

async function find(language: Language, harness: Harness): Promise<Interpreter | undefined> {
  const { name, pathVariable, extension } = language;
  const minimal = SCRIPTS[name];
  if (minimal === undefined) return undefined;
  const chosen = process.env[pathVariable]?.trim();
  const search = {
    paths: { [name]: chosen === "" ? undefined : chosen }, environment: harness.environment, platform: process.platform,
    log: createLog({ level: "error", format: "text", write: () => {} }),
  };
  const found = await findInterpreter(language, search, new AbortController().signal);
  if (typeof found === "string") return undefined;
  const { path: file, version } = found.interpreter;
  const { code, args = [] } = minimal;
  const script = await harness.write(`minimal-${name}${extension(name, code)}`, code);
  return { name, file, version, job: { language: name, code }, bare: () => endOf(harness, file, [...args, script]) };
}

/** Resolves when a process has ended with code 0 and all its output is read. */
export async function endOf(
  harness: Harness, file: string, args: readonly string[], input: "ignore" | number = "ignore",
): Promise<void> {
  const child = harness.spawn(file, args, { stdio: [input, "pipe", "inherit"] });
  child.stdout?.resume();
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${code ?? signal}`);
}

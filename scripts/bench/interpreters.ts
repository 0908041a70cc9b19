// The interpreters of this machine, those that a runner would take, and the smallest plain script for each.
import { once } from "node:events";
import { LanguageRegistry } from "../../runner/languages/registry.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { createLog } from "../../runner/lib/log.ts";
import type { Job } from "./connection.ts";
import type { Harness } from "./harness.ts";

/** An interpreter with a script that prints one line. */
export interface Interpreter {
  /** The name of its language. */
  readonly name: string;
  /** The real executable, no version manager's shim. */
  readonly file: string;
  readonly version: string;
  readonly job: Job;
  /** Starts the same script without a runner, and resolves when it has ended and its output is read. */
  bare(): Promise<void>;
}

/** A plain script, and what the interpreter is told before its file. */
interface PlainScript {
  readonly code: string;
  readonly args?: readonly string[];
}

/** A language without a plain script is not measured. */
const PLAIN_SCRIPTS: ReadonlyMap<string, PlainScript> = new Map([
  ["node", { code: "console.log('hello')\n" }],
  ["python", { code: "print('hello')\n" }],
  ["powershell", { code: "'hello'\n", args: ["-NoLogo", "-NoProfile", "-NonInteractive", "-File"] }],
  ["shell", { code: "echo hello\n" }],
]);

/** Finds the interpreters of this machine, in the order of the table of languages. */
export async function findInterpreters(harness: Harness): Promise<Interpreter[]> {
  const paths = Object.fromEntries(LANGUAGES.map(({ name, pathVariable }) => [name, process.env[pathVariable]?.trim() || undefined]));
  const log = createLog({ level: "error", format: "text", write: () => {} });
  const registry = new LanguageRegistry({ paths, environment: harness.environment, log });
  const found = await Promise.all(LANGUAGES.map(async ({ name, extension }): Promise<Interpreter | undefined> => {
    const plain = PLAIN_SCRIPTS.get(name);
    const runnable = await registry.find(name);
    if (plain === undefined || !("interpreter" in runnable)) return undefined;
    const { path: file, version } = runnable.interpreter;
    const script = await harness.write(`plain-${name}${extension(name, plain.code)}`, plain.code);
    return { name, file, version, job: { language: name, code: plain.code }, bare: () => endOf(harness, file, [...(plain.args ?? []), script]) };
  }));
  return found.filter((one) => one !== undefined);
}

/** Resolves when a process has ended with code 0 and all its output is read. */
export async function endOf(harness: Harness, file: string, args: readonly string[], input: "ignore" | number = "ignore"): Promise<void> {
  const child = harness.spawn(file, args, { stdio: [input, "pipe", "inherit"] });
  child.stdout?.resume();
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${code ?? signal}`);
}

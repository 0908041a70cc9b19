// The shells of this machine, and scripts started in them with the helpers and without.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Interpreter, Language } from "../../../runner/languages/language.ts";
import { shell } from "../../../runner/languages/shell/shell.ts";

/** A shell by its name here; without an interpreter where this machine has none. */
export interface Shell {
  readonly name: string;
  readonly interpreter?: Interpreter;
}

/** How a script ended; the outputs are Latin-1, as bytes. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

export interface StartOptions {
  /** On top of PATH. */
  readonly env?: NodeJS.ProcessEnv;
  readonly language?: Language;
  readonly stdin?: string;
}

/** The shells to test with, and scripts in a folder. */
export interface Shells {
  readonly shells: readonly Shell[];
  /** Writes a script, one byte for each character up to U+00FF where it is a Buffer's, and gives its path. */
  scriptFile(code: string | Buffer): Promise<string>;
  /** Writes a script and runs it to its end. */
  run(interpreter: Interpreter, code: string | Buffer, options?: StartOptions): Promise<Outcome>;
}

/** Finds the shells, and makes links in `folder` to those that are to play `sh`. */
export async function openShells(folder: string): Promise<Shells> {
  const shells = [
    await named(folder, "bash", "bash"),
    await named(folder, "dash", "dash"),
    await named(folder, "busybox as sh", "busybox"),
    await named(folder, "bash as sh", "bash"),
  ];
  let files = 0;
  async function scriptFile(code: string | Buffer): Promise<string> {
    const file = join(folder, `script-${files++}.sh`);
    await writeFile(file, code);
    return file;
  }
  return { shells, scriptFile, run: async (interpreter, code, options) => start(interpreter, await scriptFile(code), options) };
}

/** A shell by its program's name; `X as sh` is a link by the name `sh`. */
async function named(folder: string, name: string, program: string): Promise<Shell> {
  const found = (process.env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, program))
    .find((path) => spawnSync(path, name.startsWith("busybox") ? ["true"] : ["-c", ":"]).status === 0);
  if (found === undefined) return { name };
  let path = found;
  if (name.endsWith(" as sh")) {
    await mkdir(join(folder, name));
    path = join(folder, name, "sh");
    await symlink(found, path);
  }
  return { name, interpreter: { path, ...probed(path) } };
}

function probed(path: string): Omit<Interpreter, "path"> {
  return JSON.parse(execFileSync(path, [...shell.probe], { encoding: "utf8" }));
}

/** Runs a script file as the runner does. */
export function start(interpreter: Interpreter, file: string, { env = {}, language = shell, stdin = "" }: StartOptions = {}): Outcome {
  const inherited = { PATH: process.env["PATH"], ...env };
  const command = language.command(interpreter, file, "shell", inherited, readFileSync(file, "latin1"));
  return outcome(command.file, command.args, { ...inherited, ...command.environment }, stdin);
}

/** Runs a script file by the shell alone. */
export function startPlainly(interpreter: Interpreter, file: string, env: NodeJS.ProcessEnv = {}): Outcome {
  return outcome(interpreter.path, [file], { PATH: process.env["PATH"], ...env }, "");
}

/** Runs a program to its end. */
export function outcome(file: string, args: readonly string[], env: NodeJS.ProcessEnv, input: string): Outcome {
  const { stdout, stderr, status } = spawnSync(file, args, { env, input, encoding: "latin1", maxBuffer: 64 * 1024 * 1024, timeout: 120_000 });
  return { stdout, stderr, status };
}

/** A text as a shell's word. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What follows the marker in each line that begins with it. */
export function payloads(stdout: string, marker: string): string[] {
  return stdout.split("\n").filter((line) => line.startsWith(marker)).map((line) => line.slice(marker.length));
}

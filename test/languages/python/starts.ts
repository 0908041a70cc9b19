// The three ways to start a Python script: by the bare interpreter, cold as the runner does it, and warm.
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { Duplex } from "node:stream";
import type { Command, Interpreter } from "../../../runner/languages/language.ts";
import { python } from "../../../runner/languages/python/python.ts";

/** The descriptor by which a warm process gets its job. */
const CHANNEL = 63;

export type Start = "bare" | "cold" | "warm";

/** What a script is started with. */
export interface StartOptions {
  readonly start: Start;
  readonly interpreter: Interpreter;
  readonly file: string;
  readonly cwd: string;
  /** Called with what the script prints, as it comes. */
  readonly onStdout?: (text: string) => void;
  /** On top of PATH. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What only this run has in its environment: a warm process gets it with its job. */
  readonly ofRun?: Readonly<Record<string, string>>;
}

/** How a script ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Asks a program whether it is a Python, and which. */
export function probePython(file: string): Interpreter | undefined {
  const { status, stdout } = spawnSync(file, [...python.probe], { encoding: "utf8" });
  return status === 0 ? (JSON.parse(stdout) as Interpreter) : undefined;
}

/** Every Python from 3.8 on that is on the PATH by its version or that pyenv has, one of each version, the PATH's `python3` first. */
export function everyPython(): readonly Interpreter[] {
  const versions = join(process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv"), "versions");
  const byPyenv = namesIn(versions).map((version) => join(versions, version, "bin", "python"));
  const byPath = (process.env["PATH"] ?? "").split(delimiter).flatMap((folder) => namesIn(folder).filter((name) => /^python3\.\d+$/.test(name)).map((name) => join(folder, name)));
  const found = ["python3", ...byPyenv, ...byPath].map(probePython).filter((one) => one !== undefined);
  return found.filter(({ version }, at) => /^3\.([89]|\d\d)\./.test(version) && found.findIndex((one) => one.version === version) === at);
}

/** Runs a script to its end. */
export async function startPython({ start, interpreter, file, cwd, environment = {}, ofRun = {}, onStdout }: StartOptions): Promise<Ended> {
  const inherited = { PATH: process.env["PATH"] ?? "", ...environment };
  const command = python.command(interpreter, file, "python", inherited);
  const env = { ...inherited, ...ofRun, ...command.environment };
  if (start === "cold") return ended(spawn(command.file, command.args, { cwd, env }), onStdout);
  if (start === "warm") return ended(await startWarm(python.warm?.(command, inherited) as Command, { cwd, env, inherited, file }), onStdout);
  return ended(spawn(interpreter.path, [file], { cwd, env: { ...env, PYTHONPATH: environment["PYTHONPATH"] } }), onStdout);
}

/** Starts a process that waits, and gives it the script once it does. */
async function startWarm(command: Command, { cwd, env, inherited, file }: { cwd: string; env: object; inherited: object; file: string }): Promise<ChildProcess> {
  const child = spawn(command.file, command.args, {
    cwd, env: { ...inherited, ...command.environment, AUTOMN_WARM_CHANNEL: String(CHANNEL) },
    stdio: ["pipe", "pipe", "pipe", ...Array<"ignore">(CHANNEL - 3).fill("ignore"), "pipe"],
  });
  const channel = (child.stdio as unknown as readonly Duplex[])[CHANNEL] as Duplex;
  await new Promise((resolve) => channel.once("data", resolve).once("close", resolve));
  channel.write(`${JSON.stringify({ file, environment: env })}\n`);
  return child;
}

function ended(child: ChildProcess, onStdout: StartOptions["onStdout"]): Promise<Ended> {
  child.stdin?.end();
  child.stdout?.on("data", (chunk: Buffer) => onStdout?.(chunk.toString()));
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString();
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code, signal) => resolve({ code, signal, stdout: stdout?.() ?? "", stderr: stderr?.() ?? "" }));
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

// Reading a process's outlets in tests.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { OutputPipe, Stdio } from "../../runner/process/stdio.ts";

/** Collects all that comes out of an outlet. */
export function collect(outputPipe: OutputPipe): { readonly text: () => string; readonly size: () => number; readonly ended: Promise<void> } {
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve) => outputPipe.read((bytes) => void chunks.push(Buffer.from(bytes)), resolve));
  return { text: () => Buffer.concat(chunks).toString("utf8"), size: () => chunks.reduce((sum, { length }) => sum + length, 0), ended };
}

/** Starts a command on plumbing and resolves with what it printed when it has exited and both outputs have ended. */
export async function runOn(stdio: Stdio, file: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child: ChildProcess = spawn(file, args, { ...options, stdio: [...stdio.stdio] });
  const exited = new Promise<number | null>((resolve, reject) => child.once("exit", resolve).once("error", reject));
  stdio.connect(child);
  const stdout = collect(stdio.stdout);
  const stderr = collect(stdio.stderr);
  const [code] = await Promise.all([exited, stdout.ended, stderr.ended]);
  stdio.close();
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

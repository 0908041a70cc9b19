// Reading a process's outputs in tests.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { OutputPipe, Stdio } from "../../runner/process/stdio.ts";

/** What was read of an output so far. */
export interface Collected {
  readonly text: () => string;
  /** In bytes. */
  readonly size: () => number;
  readonly ended: Promise<void>;
}

/** Collects all that comes out of a pipe. */
export function collect(outputPipe: OutputPipe): Collected {
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve) => outputPipe.read((bytes) => void chunks.push(Buffer.from(bytes)), resolve));
  return { text: () => Buffer.concat(chunks).toString("utf8"), size: () => chunks.reduce((sum, { length }) => sum + length, 0), ended };
}

/** What became of a process. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a command on these streams; resolves when it has exited and both outputs have ended. */
export async function runOn(
  stdio: Stdio, file: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Ended> {
  const child: ChildProcess = spawn(file, args, { ...options, stdio: [...stdio.stdio] });
  const exited = new Promise<number | null>((resolve, reject) => child.once("exit", resolve).once("error", reject));
  stdio.connect(child);
  const stdout = collect(stdio.stdout);
  const stderr = collect(stdio.stderr);
  const [code] = await Promise.all([exited, stdout.ended, stderr.ended]);
  stdio.close();
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

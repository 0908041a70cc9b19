// Reading a process's outlets in tests.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Outlet, Plumbing } from "../../runner/execution/plumbing.ts";

/** Collects all that comes out of an outlet. */
export function collect(outlet: Outlet): { readonly text: () => string; readonly size: () => number; readonly ended: Promise<void> } {
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve) => outlet.read((bytes) => void chunks.push(Buffer.from(bytes)), resolve));
  return { text: () => Buffer.concat(chunks).toString("utf8"), size: () => chunks.reduce((sum, { length }) => sum + length, 0), ended };
}

/** Starts a command on plumbing and resolves with what it printed when it has exited and both outputs have ended. */
export async function runOn(plumbing: Plumbing, file: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child: ChildProcess = spawn(file, args, { ...options, stdio: [...plumbing.stdio] });
  const exited = new Promise<number | null>((resolve, reject) => child.once("exit", resolve).once("error", reject));
  plumbing.connect(child);
  const stdout = collect(plumbing.stdout);
  const stderr = collect(plumbing.stderr);
  const [code] = await Promise.all([exited, stdout.ended, stderr.ended]);
  plumbing.close();
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

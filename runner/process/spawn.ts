// A started process: its pid, its output as streams that can be held back, and how it ended.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Command } from "../languages/language.ts";
import type { Stdio } from "./stdio.ts";

/** How a process ended: one of both is there. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that runs. */
export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
}

/** A child with Node's own handle of it. */
export interface SpawnedChild extends Child {
  readonly handle: ChildProcess;
}

/** Where and with what a process starts. */
export interface SpawnSettings {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Its file descriptors from 0 on; `connect` is called once it has them. */
  readonly stdio: Pick<Stdio, "connect"> & { readonly stdio: readonly (Stdio["stdio"][number])[] };
}

/** Starts a command at the head of its own process group. Rejects with the system's error when it can't be started. */
export function start(command: Command, { directory, environment, stdio }: SpawnSettings, spawnProcess: typeof spawn = spawn): Promise<SpawnedChild> {
  return new Promise((resolve, reject) => {
    const child = spawnProcess(command.file, command.args, {
      cwd: directory, env: environment, stdio: [...stdio.stdio], detached: process.platform !== "win32", windowsHide: true,
    });
    const exited = new Promise<Exit>((settle) => child.once("exit", (code, signal) => settle({ code, signal })));
    child.once("error", reject);
    if (child.pid === undefined) return;
    const handle = child as ChildProcess;
    stdio.connect(handle);
    resolve({ pid: child.pid, handle, exited });
  });
}

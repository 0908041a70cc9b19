// Starting a process at the head of its own group.
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
export interface SpawnOptions {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Its file descriptors from 0 on; `connect` is called once it has them. */
  readonly stdio: Pick<Stdio, "connect"> & { readonly stdio: readonly (Stdio["stdio"][number])[] };
}

/** Every process leads its own group, so that the group can be signalled as a whole. */
export const OWN_GROUP = { detached: process.platform !== "win32", windowsHide: true } as const;

/** Starts a command at the head of its own process group. Rejects with the system's error when it cannot be started. */
export async function start(command: Command, options: SpawnOptions, spawnProcess: typeof spawn = spawn): Promise<SpawnedChild> {
  const { directory, environment, stdio } = options;
  const spawned = spawnProcess(command.file, command.args, { ...OWN_GROUP, cwd: directory, env: environment, stdio: [...stdio.stdio] });
  const child = await childOf(spawned);
  stdio.connect(spawned);
  return { ...child, handle: spawned };
}

/** The child that was just spawned. Rejects with the system's error when it could not be started. */
export function childOf(spawned: ChildProcess): Promise<Child> {
  return new Promise((resolve, reject) => {
    const exited = new Promise<Exit>((settle) => spawned.once("exit", (code, signal) => settle({ code, signal })));
    spawned.on("error", reject); // a later error is about a signal or a message, and means nothing here
    if (spawned.pid !== undefined) resolve({ pid: spawned.pid, exited });
  });
}

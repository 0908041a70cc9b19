// How a script gets its process: one that is started for it here, or one that was started ahead (warm/).
import { randomBytes } from "node:crypto";
import { messageOf } from "../lib/failure.ts";
import type { Command } from "../languages/language.ts";
import { processEnvironment } from "../process/environment.ts";
import type { ScriptEnvironment } from "../process/environment.ts";
import { start } from "../process/spawn.ts";
import type { Child } from "../process/spawn.ts";
import type { Stdio } from "../process/stdio.ts";
import type { Root } from "../process/tree.ts";
import type { Workspace } from "./workspaces.ts";

/** What a script is launched with. */
export interface LaunchRequest {
  /** Its last argument is the script's file. */
  readonly command: Command;
  /** The script's whole environment, apart from what the launcher's workspace adds. */
  readonly environment: ScriptEnvironment["values"];
  /** The working directory; that of the launcher's workspace where absent. */
  readonly directory?: string;
}

/** A process that runs a script. */
export interface RunningProcess {
  readonly child: Child;
  readonly root: Root;
  readonly stdio: Stdio;
  /** Whether it was there before the script. */
  readonly start: "warm" | "cold";
}

/** A workspace with a way to launch a script in it, once. */
export interface Launcher {
  readonly workspace: Workspace;
  /** Launches the script. Rejects with a message when the system refuses, or with the signal's reason when that came first. */
  launch(request: LaunchRequest, stop: AbortSignal): Promise<RunningProcess>;
  /** Removes the workspace, and ends a waiting process that was given no script. */
  close(): Promise<void>;
}

/** A new value of the mark variable, by which a process and all that it starts are found. */
export function newMark(prefix: string): string {
  return prefix + randomBytes(8).toString("hex");
}

/** A launcher that starts a process for the script. */
export function coldLauncher(workspace: Workspace, mark: string): Launcher {
  return {
    workspace,
    async launch({ command, environment, directory = workspace.directory }) {
      const startedAt = performance.now();
      try {
        const own = processEnvironment(environment, { inputFile: workspace.inputFile, mark });
        const child = await start(command, { directory, environment: own, stdio: workspace.stdio });
        return { child, root: { pid: child.pid, mark, startedAt }, stdio: workspace.stdio, start: "cold" };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const reason = code === "E2BIG" ? "its variables and its input are together too large for the system" : messageOf(error);
        throw new Error(`${command.file}: ${reason}`);
      }
    },
    close: () => workspace.close(),
  };
}

// Where a run's process comes from: one that is started for it.
import { randomBytes } from "node:crypto";
import { messageOf } from "../lib/failure.ts";
import type { Command } from "../languages/language.ts";
import { start } from "../process/spawn.ts";
import type { Child } from "../process/spawn.ts";
import type { Workspace } from "./workspaces.ts";
import type { Root } from "../process/tree.ts";

/** A process that runs a script. */
export interface RunningProcess {
  readonly child: Child;
  readonly root: Root;
}

/** A room with the means to have a script run in it. */
export interface Launcher {
  readonly workspace: Workspace;
  /** The value of the mark variable of the process and of all that it starts. */
  readonly mark: string;
  readonly start: "warm" | "cold";
  /** Has the script run. Rejects with a sentence when the system refuses, or with `stop`'s reason when that came first. */
  launch(command: Command, environment: Readonly<Record<string, string>>, stop: AbortSignal): Promise<RunningProcess>;
}

/** A seat whose process is started when the script is known; marks begin with `markPrefix`. */
export function coldLauncher(workspace: Workspace, markPrefix: string): Launcher {
  const mark = markPrefix + randomBytes(8).toString("hex");
  return {
    workspace, mark, start: "cold",
    async launch(command, environment) {
      const startedAt = performance.now();
      try {
        const child = await start(command, { directory: workspace.directory, environment, stdio: workspace.stdio });
        return { child, root: { pid: child.pid, mark, startedAt } };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const reason = code === "E2BIG" ? "its variables and its input are together too large for the system" : messageOf(error);
        throw new Error(`${command.file}: ${reason}`);
      }
    },
  };
}

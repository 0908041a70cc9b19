// Process trees by `taskkill`, which follows the chain of parents itself.
import { spawn } from "node:child_process";
import type { ProcessTree } from "./process-tree.ts";

/** Process trees on Windows. There is no gentle way to end a console program there, so both signals end it at once. */
export function createWindowsTree(spawnProcess: typeof spawn = spawn): ProcessTree {
  const taskkill = (pid: number) => {
    spawnProcess("taskkill", ["/PID", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true }).on("error", () => {});
  };
  return {
    signalGroup: (root) => taskkill(root.pid),
    signalOne: (pid) => taskkill(pid),
    killMarked: () => {},
    survivors: () => Promise.resolve([]),
  };
}

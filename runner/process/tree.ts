// Chooses the process trees of the platform; nobody else imports their files.
import type { ProcessTree } from "./process-tree.ts";
import { createLinuxTree } from "./tree-linux.ts";
import { createPsTree } from "./tree-ps.ts";
import { createWindowsTree } from "./tree-windows.ts";

export type { ProcessTree, Root, Signal, Survivor } from "./process-tree.ts";

/** The process trees of the platform that the runner is on. */
export function processTree(platform: NodeJS.Platform = process.platform): ProcessTree {
  if (platform === "linux") return createLinuxTree();
  return platform === "win32" ? createWindowsTree() : createPsTree();
}

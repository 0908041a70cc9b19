// Chooses the process table of the platform; nobody else imports its files.
import type { ProcessTable } from "./process-table.ts";
import { createLinuxTable } from "./table-linux.ts";
import { createPsTable } from "./table-ps.ts";
import { createWindowsTable } from "./table-windows.ts";

export type { ListedProcess, ProcessMark, ProcessTable } from "./process-table.ts";

/** The process table of the platform that the runner is on. */
export function processTable(platform: NodeJS.Platform = process.platform): ProcessTable {
  if (platform === "linux") return createLinuxTable();
  return platform === "win32" ? createWindowsTable() : createPsTable();
}

// The process table on Windows, where only the pid tells one process from another.
import { hostname } from "node:os";
import { scopeOf } from "./scope.ts";
import { isThere } from "./signal.ts";
import type { ProcessTable } from "./process-table.ts";

/** The process table on Windows. */
export function createWindowsTable(): ProcessTable {
  return {
    scope: scopeOf(hostname()),
    newestPid: () => undefined,
    startTime: () => undefined,
    isRunning: (pid) => Promise.resolve(isThere(pid)),
    list: () => Promise.resolve([]),
    markOf: () => undefined,
  };
}

// The process table by /proc.
import { readFileSync } from "node:fs";
import { KEEP_VARIABLE, MARK_VARIABLE } from "./environment.ts";
import { listPids, readEnvironment, readNewestPid, readPageSize, readPidNamespace, readStat, readStats } from "./proc.ts";
import { ownScope, scopeOf } from "./scope.ts";
import { isThere } from "./signal.ts";
import type { ListedProcess, ProcessTable } from "./process-table.ts";

const MARK_PREFIX = `${MARK_VARIABLE}=`;

/** The process table on Linux, also where /proc is missing or shows only the runner's own processes. */
export function createLinuxTable(): ProcessTable {
  const pageBytes = readPageSize();
  const pidNamespace = readPidNamespace();
  return {
    scope: pidNamespace === undefined ? ownScope() : scopeOf(machineId(), pidNamespace),
    newestPid: readNewestPid,
    startTime: (pid) => readStat(pid)?.startTime,
    isRunning(pid, startTime) {
      const stat = readStat(pid);
      if (stat === undefined) return Promise.resolve(isThere(pid));
      return Promise.resolve(!stat.dead && (startTime === undefined || stat.startTime === startTime));
    },
    async list() {
      const found: ListedProcess[] = [];
      const bytes = await pageBytes;
      for await (const { dead, pid, group, startTime, cpuMs, rssPages } of readStats(await listPids())) {
        if (!dead) found.push({ pid, group, startTime, cpuMs, rssBytes: rssPages * bytes });
      }
      return found;
    },
    markOf(pid) {
      const environment = readEnvironment(pid);
      const mark = environment.find((entry) => entry.startsWith(MARK_PREFIX))?.slice(MARK_PREFIX.length);
      return mark === undefined ? undefined : { mark, keep: environment.includes(`${KEEP_VARIABLE}=1`) };
    },
  };
}

/** What the operating system was given when it was installed; nothing in many containers. */
function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    return "";
  }
}

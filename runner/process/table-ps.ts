// The process table by `ps`, for systems without /proc such as macOS.
import { execFile } from "node:child_process";
import { hostname } from "node:os";
import { promisify } from "node:util";
import { scopeOf } from "./scope.ts";
import { isThere } from "./signal.ts";
import type { ProcessTable } from "./process-table.ts";

/** Start times in seconds that differ by no more are the same one: the runner knows its own only from its uptime, and `ps` rounds. */
const TOLERANCE_S = 5;

/** The process table by the output of `ps -o stat=,lstart=`, which `look` fetches for one process. */
export function createPsTable(look: (pid: number) => Promise<string> = ps): ProcessTable {
  return {
    scope: scopeOf(hostname()),
    newestPid: () => undefined,
    startTime: (pid) => (pid === process.pid ? String(Math.round(Date.now() / 1000 - process.uptime())) : undefined),
    async isRunning(pid, startTime) {
      const row = parseRow(await look(pid).catch(() => ""));
      if (row === undefined) return isThere(pid);
      return !row.dead && (startTime === undefined || Math.abs(row.startedAt - Number(startTime)) <= TOLERANCE_S);
    },
    list: () => Promise.resolve([]),
    markOf: () => undefined,
  };
}

async function ps(pid: number): Promise<string> {
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC0" }; // the time is meant for people, in their language and zone
  const { stdout } = await promisify(execFile)("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { env });
  return stdout;
}

/** A process's state and when it was started, in seconds since the epoch; nothing where `ps` did not tell. */
function parseRow(line: string): { dead: boolean; startedAt: number } | undefined {
  const [, state = "", start = ""] = /^\s*(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
  const startedAt = Date.parse(`${start} UTC`) / 1000;
  return Number.isNaN(startedAt) ? undefined : { dead: state.startsWith("Z"), startedAt };
}

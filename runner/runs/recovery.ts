// After an unclean end of the runner: what the last one left running is ended, what it left lying about is removed.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { resultStatus } from "../protocol/termination-reason.ts";
import type { Log } from "../lib/log.ts";
import type { EndEntry, StartEntry } from "../journal/journal.ts";
import { removeTree } from "../lib/files.ts";
import { LEFTOVER_GRACE_MS } from "../process/terminate.ts";
import { sendSignal } from "../process/signal.ts";
import type { ProcessTable } from "../process/table.ts";

/** Stands in an owner's name for a start time that the system does not tell. */
const UNKNOWN = "0";
const OWNER = /^([1-9]\d*)-(\d+)$/;

/** A runner's process, by pid and start time, so that a recycled pid is never taken for it. */
export function ownerName(pid: number, table: ProcessTable): string {
  return `${pid}-${table.startTime(pid) ?? UNKNOWN}`;
}

/** What recovery works on. */
export interface RecoveryOptions {
  /** Begins the marks of every runner of this installation. */
  readonly installation: string;
  /** The journal's runs that were started and never ended. */
  readonly open: readonly StartEntry[];
  /** Takes the end of a run that nobody saw. */
  readonly onLost: (end: EndEntry) => void;
  /** Each runner's own working directories lie in a folder of its owner's name. */
  readonly workDir: string;
  readonly table: ProcessTable;
  readonly log: Log;
}

/** Ends the processes of runners that are no more, closes the journal's open entries as lost and removes stale working directories. */
export async function recover({ installation, open, onLost, workDir, table, log }: RecoveryOptions): Promise<void> {
  const { code } = resultStatus({ kind: "lost" });
  const lost = await withoutOwner(open, table);
  const leftovers = await endOrphans(installation, lost, table);
  for (const { runId, at } of lost) {
    const durationMs = Math.max(0, Date.now() - Date.parse(at));
    onLost({ event: "end", at: new Date().toISOString(), runId, startedAt: at, reason: "lost", code, durationMs });
    log.warn("A run was lost when the runner ended", { runId });
  }
  if (leftovers.length > 0) log.warn("Processes of an earlier runner were ended", { pids: leftovers });
  await removeStale(workDir, table, log);
}

async function withoutOwner(open: readonly StartEntry[], table: ProcessTable): Promise<StartEntry[]> {
  const alive = await Promise.all(open.map(({ owner }) => isAlive(owner, table)));
  return open.filter((_, index) => alive[index] === false);
}

/** Whether the runner of that name still runs. */
async function isAlive(owner: string, table: ProcessTable): Promise<boolean> {
  const [, pid, startTime] = OWNER.exec(owner) ?? [];
  return pid !== undefined && table.isRunning(Number(pid), startTime === UNKNOWN ? undefined : startTime);
}

/** Ends every process that bears a dead runner's mark or was recorded with its pid and start time. */
async function endOrphans(installation: string, lost: readonly StartEntry[], table: ProcessTable): Promise<number[]> {
  const found = new Set<number>();
  const began = performance.now();
  for (;;) {
    const orphans = await findOrphans(installation, lost, table);
    if (orphans.length === 0) return [...found];
    const overdue = performance.now() - began > LEFTOVER_GRACE_MS;
    for (const pid of orphans) {
      if (overdue || !found.has(pid)) sendSignal(pid, overdue ? "SIGKILL" : "SIGTERM");
      found.add(pid);
    }
    if (performance.now() - began > LEFTOVER_GRACE_MS * 10) return [...found];
    await delay(20);
  }
}

async function findOrphans(installation: string, lost: readonly StartEntry[], table: ProcessTable): Promise<number[]> {
  const alive = new Map<string, Promise<boolean>>();
  const groups = groupsOf(lost, table);
  const orphans = await Promise.all((await table.list()).map(async ({ pid, startTime, group }): Promise<number | undefined> => {
    if (pid === process.pid) return undefined;
    const recorded = lost.some((entry) => entry.pid === pid && entry.startTime === startTime);
    if (!recorded && !groups.has(group) && !(await bearsDeadMark(pid, installation, alive, table))) return undefined;
    return pid;
  }));
  return orphans.filter((orphan) => orphan !== undefined);
}

/** The process groups of lost runs: a group's number is not given to another process as long as one of its members is there. */
function groupsOf(lost: readonly StartEntry[], table: ProcessTable): ReadonlySet<number> {
  const groups = new Set<number>();
  for (const { pid, startTime } of lost) {
    if (pid === undefined || startTime === undefined) continue;
    if ((table.startTime(pid) ?? startTime) === startTime) groups.add(pid);
  }
  return groups;
}

async function bearsDeadMark(
  pid: number, installation: string, alive: Map<string, Promise<boolean>>, table: ProcessTable,
): Promise<boolean> {
  const { mark, keep } = table.markOf(pid) ?? { mark: "", keep: false };
  if (keep || !mark.startsWith(`${installation}.`)) return false;
  const owner = mark.split(".")[1] ?? "";
  const known = alive.get(owner) ?? isAlive(owner, table);
  alive.set(owner, known);
  return !(await known);
}

async function removeStale(workDir: string, table: ProcessTable, log: Log): Promise<void> {
  const names = await readdir(workDir).catch(() => []);
  for (const name of names.filter((candidate) => OWNER.test(candidate))) {
    if (!(await isAlive(name, table))) await removeTree(join(workDir, name), log);
  }
}

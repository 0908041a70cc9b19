// After an unclean end of the runner: what the last one left running is ended, what it left lying about is removed.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { resultStatus } from "../protocol/termination-reason.ts";
import type { Log } from "../lib/log.ts";
import type { EndEntry, StartEntry } from "../journal/journal.ts";
import { removeTree } from "../lib/files.ts";
import { KEEP_VARIABLE, MARK_VARIABLE } from "../process/environment.ts";
import { LEFTOVER_GRACE_MS } from "../process/terminate.ts";
import { sendSignal } from "../process/signal.ts";
import { allPids, initialEnvironment, processStat } from "../process/tree-linux.ts";

/** A runner's process, by pid and start time, so that a recycled pid is never taken for it. */
export async function ownerName(pid: number): Promise<string> {
  return `${pid}-${(await processStat(pid))?.startTime ?? "0"}`;
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
  readonly log: Log;
}

/** Ends the processes of runners that are no more, closes the journal's open entries as lost and removes stale working directories. */
export async function recover({ installation, open, onLost, workDir, log }: RecoveryOptions): Promise<void> {
  const { code } = resultStatus({ kind: "lost" });
  const lost = await withoutOwner(open);
  const leftovers = process.platform === "linux" ? await endOrphans(installation, lost) : [];
  for (const { runId, at } of lost) {
    onLost({ event: "end", at: new Date().toISOString(), runId, startedAt: at, reason: "lost", code, durationMs: Math.max(0, Date.now() - Date.parse(at)) });
    log.warn("A run was lost when the runner ended", { runId });
  }
  if (leftovers.length > 0) log.warn("Processes of an earlier runner were ended", { pids: leftovers });
  await removeStale(workDir, log);
}

async function withoutOwner(open: readonly StartEntry[]): Promise<StartEntry[]> {
  const alive = await Promise.all(open.map(({ owner }) => isAlive(owner)));
  return open.filter((_, index) => alive[index] === false);
}

/** Whether the runner of that name still runs; elsewhere than on Linux only the pid tells. */
async function isAlive(owner: string): Promise<boolean> {
  const pid = Number(owner.split("-")[0]);
  const facts = pid > 0 ? await processStat(pid) : undefined;
  return facts !== undefined && facts.state !== "Z" && `${pid}-${facts.startTime}` === owner;
}

/** Ends every process that bears a dead runner's mark or was recorded with its pid and start time. */
async function endOrphans(installation: string, lost: readonly StartEntry[]): Promise<number[]> {
  const found = new Set<number>();
  const began = performance.now();
  for (;;) {
    const orphans = await findOrphans(installation, lost);
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

async function findOrphans(installation: string, lost: readonly StartEntry[]): Promise<number[]> {
  const alive = new Map<string, Promise<boolean>>();
  const groups = await groupsOf(lost);
  const orphans = await Promise.all((await allPids()).map(async (pid): Promise<number | undefined> => {
    const facts = await processStat(pid);
    if (facts === undefined || facts.state === "Z" || pid === process.pid) return undefined;
    const recorded = lost.some((entry) => entry.pid === pid && entry.startTime === facts.startTime);
    if (!recorded && !groups.has(facts.group) && !(await bearsDeadMark(pid, installation, alive))) return undefined;
    return pid;
  }));
  return orphans.filter((orphan) => orphan !== undefined);
}

/** The process groups of lost runs: a group's number is not given to another process as long as one of its members is there. */
async function groupsOf(lost: readonly StartEntry[]): Promise<ReadonlySet<number>> {
  const groups = new Set<number>();
  for (const { pid, startTime } of lost) {
    if (pid === undefined || startTime === undefined) continue;
    const leader = await processStat(pid);
    if (leader === undefined || leader.startTime === startTime) groups.add(pid);
  }
  return groups;
}

async function bearsDeadMark(pid: number, installation: string, alive: Map<string, Promise<boolean>>): Promise<boolean> {
  const environment = await initialEnvironment(pid);
  const prefix = `${MARK_VARIABLE}=${installation}.`;
  const mark = environment.find((entry) => entry.startsWith(prefix));
  if (mark === undefined || environment.includes(`${KEEP_VARIABLE}=1`)) return false;
  const owner = mark.slice(prefix.length).split(".")[0] ?? "";
  const known = alive.get(owner) ?? isAlive(owner);
  alive.set(owner, known);
  return !(await known);
}

async function removeStale(workDir: string, log: Log): Promise<void> {
  const names = await readdir(workDir).catch(() => []);
  for (const name of names.filter((candidate) => /^\d+-\d+$/.test(candidate))) {
    if (!(await isAlive(name))) await removeTree(join(workDir, name), log);
  }
}

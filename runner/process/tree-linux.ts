// Process trees by /proc: the group, and what left it, found by the mark in its environment.
import { KEEP_VARIABLE, MARK_VARIABLE } from "./environment.ts";
import { listPids, listPidsNow, readCommand, readEnvironment, readNewestPid, readStats } from "./proc.ts";
import type { ProcessStat } from "./proc.ts";
import { isThere, sendSignal } from "./signal.ts";
import type { ProcessTree, Root, Survivor } from "./process-tree.ts";

/** In less time than this the kernel cannot have gone through all process ids once. */
const PIDS_IN_ORDER_MS = 1_000;

/** Process trees on Linux. */
export function createLinuxTree(): ProcessTree {
  return {
    signalGroup: (root, signal) => sendSignal(-root.pid, signal),
    signalOne: (pid, signal) => sendSignal(pid, signal),
    killMarked,
    async survivors(root) {
      if (readNewestPid() === firstPid(root) && !isThere(-root.pid)) return [];
      const pids = await listPids();
      const newest = readNewestPid();
      const candidates = pids.filter((pid) => pid !== process.pid && mayBeNewer(pid, root, newest));
      const found: Omit<Survivor, "command">[] = [];
      for await (const stat of readStats(candidates)) {
        const { pid, dead } = stat;
        const inGroup = stat.group === root.pid;
        if (!dead && (inGroup || isOf(root, pid))) found.push({ pid, inGroup, activity: activityOf(stat) });
      }
      return Promise.all(found.map(async (one): Promise<Survivor> => ({ ...one, command: await readCommand(one.pid) })));
    },
  };
}

/** A process that waits for its turn on a processor, or for a disk, works. */
function activityOf({ exiting, state }: ProcessStat): Survivor["activity"] {
  if (exiting) return "exiting";
  return state === "R" || state === "D" ? "working" : "waiting";
}

/** Reads without waiting: this is for the moment before the runner's own end. */
function killMarked(markPrefix: string): void {
  for (const pid of listPidsNow()) {
    const environment = readEnvironment(pid);
    const marked = environment.some((entry) => entry.startsWith(`${MARK_VARIABLE}=${markPrefix}`));
    if (marked && !isMeantToStay(environment)) sendSignal(pid, "SIGKILL");
  }
}

/** Whether a process carries the run's mark, and is not meant to stay. */
function isOf(root: Root, pid: number): boolean {
  const environment = readEnvironment(pid);
  return environment.includes(`${MARK_VARIABLE}=${root.mark}`) && !isMeantToStay(environment);
}

function isMeantToStay(environment: readonly string[]): boolean {
  return environment.includes(`${KEEP_VARIABLE}=1`);
}

/** Whether a process can have been started after the root: pids are given out in order, and from the beginning after the last one. */
function mayBeNewer(pid: number, root: Root, newest: number | undefined): boolean {
  if (performance.now() - root.startedAt > PIDS_IN_ORDER_MS || newest === undefined) return true;
  const first = firstPid(root);
  return newest >= first ? pid > first && pid <= newest : pid > first || pid <= newest;
}

/** Every process of the run but the root itself has a later pid than this. */
function firstPid({ pid, newestPid }: Root): number {
  return newestPid ?? pid;
}

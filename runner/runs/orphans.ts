// Processes of runs that their runner has left behind, since it was killed.
import { setTimeout as delay } from "node:timers/promises";
import type { StartEntry } from "../journal/journal.ts";
import { sendSignal } from "../process/signal.ts";
import type { ProcessTable } from "../process/table.ts";
import { LEFTOVER_GRACE_MS } from "../process/terminate.ts";

/** Longer than this nobody waits for processes that the kernel does not let go. */
const GIVE_UP_MS = 10 * LEFTOVER_GRACE_MS;
const PAUSE_MS = 20;

/** What tells an orphan from other processes. */
export interface OrphanSearch {
  /** Begins the marks of every runner of this installation. */
  readonly installation: string;
  /** Whether a runner is dead and its processes, if there are any left, are among those that can be seen. */
  readonly isDead: (owner: string) => Promise<boolean>;
  /** The runs of dead runners, whose pids count here. */
  readonly lost: readonly StartEntry[];
  readonly table: ProcessTable;
}

/** Ends every process that bears a dead runner's mark, or that the journal tells to be a lost run's. Resolves with their pids. */
export async function endOrphans(search: OrphanSearch): Promise<number[]> {
  const found = new Set<number>();
  const began = performance.now();
  for (;;) {
    const orphans = await findOrphans(search);
    const passedMs = performance.now() - began;
    for (const pid of orphans) {
      if (passedMs > LEFTOVER_GRACE_MS) sendSignal(pid, "SIGKILL");
      else if (!found.has(pid)) sendSignal(pid, "SIGTERM");
      found.add(pid);
    }
    if (orphans.length === 0 || passedMs > GIVE_UP_MS) return [...found];
    await delay(PAUSE_MS);
  }
}

async function findOrphans(search: OrphanSearch): Promise<number[]> {
  const { lost, table } = search;
  const groups = groupsOf(lost, table);
  const deadOwners = new Map<string, Promise<boolean>>();
  const orphans = await Promise.all((await table.list()).map(async ({ pid, startTime, group }): Promise<number | undefined> => {
    if (pid === process.pid) return undefined;
    const isRecorded = groups.has(group) || lost.some((entry) => entry.pid === pid && entry.startTime === startTime);
    return isRecorded || (await isOfDeadOwner(pid, search, deadOwners)) ? pid : undefined;
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

/** `known` holds what was found out of owners already. */
async function isOfDeadOwner(pid: number, search: OrphanSearch, known: Map<string, Promise<boolean>>): Promise<boolean> {
  const { installation, isDead, table } = search;
  const { mark, keep } = table.markOf(pid) ?? { mark: "", keep: false };
  const [first, owner] = mark.split(".");
  if (keep || first !== installation || owner === undefined) return false;
  const dead = known.get(owner) ?? isDead(owner);
  known.set(owner, dead);
  return dead;
}

// The one way in which a run's processes are ended, whatever the reason.
import { setTimeout as delay } from "node:timers/promises";
import { Deadline } from "../lib/deadline.ts";
import type { Leftover } from "../protocol/result.ts";
import type { Child } from "./spawn.ts";
import type { ProcessTree, Root, Survivor } from "./tree.ts";

/** How long a leftover process has between SIGTERM and SIGKILL. */
export const LEFTOVER_GRACE_MS = 1_000;
/** Longer than this nobody waits for a process that the kernel does not let go. */
const GIVE_UP_MS = 10_000;
const FIRST_PAUSE_MS = 4;
const MAX_PAUSE_MS = 50;
/** Between two looks no more time than this is counted: the runner itself may have stood still. */
const MAX_COUNTED_MS = 500;
/** So many looks in a row must find nothing once something was found: what forks and ends in turn hides between a list and its reading. */
const CLEAN_SCANS = 6;

/** Sends SIGTERM to the whole group, and SIGKILL if the child is still there after `graceMs`. Resolves when the child has exited. */
export async function terminateChild(root: Root, child: Child, tree: ProcessTree, graceMs: number): Promise<void> {
  tree.signalGroup(root, "SIGTERM");
  const kill = new Deadline(graceMs, () => tree.signalGroup(root, "SIGKILL"));
  await child.exited;
  kill.cancel();
}

/**
 * Ends everything that a run's child left running: SIGTERM, a second later SIGKILL, until two looks in a row find nothing,
 * or more once something was found. Resolves with those that were found, each once. Where `letFinish` is given, it is
 * awaited before anything is ended: what has finished by then, or is on its way out, is no leftover.
 */
export async function terminateLeftovers(root: Root, tree: ProcessTree, letFinish?: () => Promise<void>): Promise<Leftover[]> {
  const found = new Map<number, Survivor>();
  let survivors = await tree.survivors(root);
  if (letFinish !== undefined && survivors.length > 0) {
    await letFinish();
    survivors = await tree.survivors(root);
  }
  let lookedAt = performance.now();
  let passedMs = 0;
  let pause = FIRST_PAUSE_MS;
  for (let clean = 0; ; survivors = await tree.survivors(root)) {
    clean = survivors.length === 0 ? clean + 1 : 0;
    passedMs += Math.min(performance.now() - lookedAt, MAX_COUNTED_MS);
    lookedAt = performance.now();
    if (clean === (found.size === 0 ? 2 : CLEAN_SCANS) || passedMs > GIVE_UP_MS) break;
    const isTimeUp = passedMs > LEFTOVER_GRACE_MS;
    signalSurvivors(survivors, found, tree, isTimeUp);
    if (found.size === 0 && survivors.length === 0) continue;
    await delay(isTimeUp ? 1 : pause);
    pause = survivors.length > 0 ? Math.min(pause * 2, MAX_PAUSE_MS) : FIRST_PAUSE_MS;
  }
  return [...found.values()].map(({ pid, command }) => ({ pid, command }));
}

/** Sends SIGTERM to those that are new, SIGKILL to all once their time is up; what is on its way out needs neither. */
function signalSurvivors(survivors: readonly Survivor[], found: Map<number, Survivor>, tree: ProcessTree, isTimeUp: boolean): void {
  for (const survivor of survivors.filter(({ activity }) => activity !== "exiting")) {
    const { pid } = survivor;
    if (isTimeUp) tree.signalOne(pid, "SIGKILL");
    else if (!found.has(pid)) tree.signalOne(pid, "SIGTERM");
    if (!found.has(pid)) found.set(pid, survivor);
  }
}

// The one way in which a run's processes are ended, whatever the reason.
import { setTimeout as delay } from "node:timers/promises";
import type { Leftover } from "../protocol/result.ts";
import type { Child } from "./spawn.ts";
import type { ProcessTree, Root, Survivor } from "./tree.ts";

/** How long a leftover process has between SIGTERM and SIGKILL. */
export const LEFTOVER_GRACE_MS = 1_000;
/** Longer than this nobody waits for a process that the kernel does not let go. */
const GIVE_UP_MS = 10_000;
const FIRST_PAUSE_MS = 4;
const MAX_PAUSE_MS = 50;
/** So many looks in a row must find nothing once something was found: what forks and ends in turn hides between a list and its reading. */
const CLEAN_SCANS = 6;

/** Sends SIGTERM to the whole group, and SIGKILL if the child is still there after `graceMs`. Resolves when the child has exited. */
export async function terminateChild(root: Root, child: Child, tree: ProcessTree, graceMs: number): Promise<void> {
  tree.signalGroup(root, "SIGTERM");
  const kill = setTimeout(() => tree.signalGroup(root, "SIGKILL"), graceMs);
  await child.exited;
  clearTimeout(kill);
}

/**
 * Ends everything that a run's child left running: SIGTERM, a second later SIGKILL, until two looks in a row find nothing,
 * or more once something was found. Resolves with those that were found, each once.
 */
export async function terminateLeftovers(root: Root, tree: ProcessTree): Promise<Leftover[]> {
  const found = new Map<number, Survivor>();
  const began = performance.now();
  let pause = FIRST_PAUSE_MS;
  for (let clean = 0; clean < (found.size === 0 ? 2 : CLEAN_SCANS);) {
    const survivors = await tree.survivors(root);
    clean = survivors.length === 0 ? clean + 1 : 0;
    const passed = performance.now() - began;
    if (passed > GIVE_UP_MS) break;
    for (const survivor of survivors) {
      const known = found.has(survivor.pid);
      if (passed > LEFTOVER_GRACE_MS) tree.signalOne(survivor.pid, "SIGKILL");
      else if (!known) tree.signalOne(survivor.pid, "SIGTERM");
      if (!known) found.set(survivor.pid, survivor);
    }
    if (found.size > 0) {
      await delay(passed > LEFTOVER_GRACE_MS ? 1 : pause);
      pause = survivors.length > 0 ? Math.min(pause * 2, MAX_PAUSE_MS) : FIRST_PAUSE_MS;
    }
  }
  return [...found.values()].map(({ pid, command }) => ({ pid, command }));
}

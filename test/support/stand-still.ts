// A process that is stopped or starved, in tests.
import { processLives } from "./process-lives.ts";

/** Has this process stand still for so many milliseconds: no timer, no event, nothing. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Has this process stand still until a child is dead, and its exit could be heard of. On Linux. */
export function standStillUntilDead(pid: number | undefined): void {
  while (processLives(pid ?? 0)) standStill(10);
  standStill(20);
}

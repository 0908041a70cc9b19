// What a script's main process leaves running gets a chance to finish: a helper such as `tee` may still hold its last output.
import { setTimeout as delay } from "node:timers/promises";
import type { OutputReader } from "./output-reader.ts";
import type { ProcessTree, Root } from "./tree.ts";

/** What is to be known of the reading of a run's output. */
export type OutputProgress = Pick<OutputReader, "chunks" | "isHeld">;

/** So long nothing may come of survivors that wait; of ones that work, four times as long. */
const SILENCE_MS = 250;
const WORK_FACTOR = 4;
/** So long survivors may go on that print all the time. */
const MAX_MS = 4_000;
const FIRST_PAUSE_MS = 1;
const MAX_PAUSE_MS = 50;

/**
 * Resolves when every survivor is gone or on its way out, when no output has come of them for a short while, or once
 * `stop` is aborted. Only the pauses between two looks are counted, so that the time while the runner itself stands
 * still does not pass for silence; neither does the time while the reader of the frames is behind.
 */
export async function waitForSurvivors(root: Root, tree: ProcessTree, output: OutputProgress, stop: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  let silentMs = 0;
  for (let passedMs = 0; silentMs < SILENCE_MS && passedMs < MAX_MS && !stop.aborted;) {
    const { chunks } = output;
    await delay(pause, undefined, { signal: stop }).catch(() => {}); // an abort is seen by the loop
    const survivors = (await tree.survivors(root)).filter(({ activity }) => activity !== "exiting");
    if (survivors.length === 0) return;
    if (!output.isHeld) passedMs += pause;
    if (output.isHeld || output.chunks > chunks) silentMs = 0;
    else silentMs += survivors.some(({ activity }) => activity === "working") ? pause / WORK_FACTOR : pause;
    pause = Math.min(pause * 2, MAX_PAUSE_MS);
  }
}

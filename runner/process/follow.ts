// From a started process to its end: output as it comes, the first reason to end it, nothing left running.
import { addAbortListener } from "node:events";
import { setImmediate as nextPoll } from "node:timers/promises";
import type { TerminationReason } from "../protocol/termination-reason.ts";
import type { Leftover } from "../protocol/result.ts";
import type { OutputPipeline } from "../output/output-pipeline.ts";
import { OutputReader } from "./output-reader.ts";
import type { Backpressure } from "./output-reader.ts";
import type { Child, Exit } from "./spawn.ts";
import { waitForSurvivors } from "./survivor-grace.ts";
import { terminateChild, terminateLeftovers, LEFTOVER_GRACE_MS } from "./terminate.ts";
import type { Stdio } from "./stdio.ts";
import type { ProcessTree, Root } from "./tree.ts";

export type { Backpressure } from "./output-reader.ts";

/** What following a process needs. */
export interface FollowOptions {
  readonly child: Child;
  readonly root: Root;
  readonly stdio: Stdio;
  readonly output: OutputPipeline;
  readonly backpressure: Backpressure;
  /** Aborted once the run is to end; its reason is a `TerminationReason`. */
  readonly stop: AbortSignal;
  readonly tree: ProcessTree;
  readonly killGraceMs: number;
}

/** How a process ended and what it had left running. */
export interface ProcessOutcome {
  readonly ending: TerminationReason;
  readonly leftovers: readonly Leftover[];
}

/** Resolves when the process has exited, its tree has been ended and all that it printed has been read. */
export async function follow(options: FollowOptions): Promise<ProcessOutcome> {
  const { child, root, stdio, output, backpressure, stop, tree, killGraceMs } = options;
  const reader = new OutputReader(stdio, output, backpressure);
  const ending = await Promise.race([child.exited.then(reasonOfExit), reasonToStop(stop)]);
  const isToEnd = stop.aborted && ending === stop.reason;
  if (isToEnd) await terminateChild(root, child, tree, ending.kind === "returned" ? LEFTOVER_GRACE_MS : killGraceMs);
  const leftovers = await terminateLeftovers(root, tree, isToEnd ? undefined : () => waitForSurvivors(root, tree, reader, stop));
  await reader.drain();
  return { ending, leftovers };
}

function reasonOfExit({ code, signal }: Exit): TerminationReason {
  return signal === null ? { kind: "exited", code: code ?? 0 } : { kind: "signalled", signal };
}

/** Resolves with the reason once the signal is aborted, but after an exit that has happened by then: a clock may be late. */
async function reasonToStop(stop: AbortSignal): Promise<TerminationReason> {
  await new Promise((resolve) => addAbortListener(stop, resolve));
  await nextPoll();
  return stop.reason as TerminationReason;
}

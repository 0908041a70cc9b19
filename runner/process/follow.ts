// From a started process to its end: output as it comes, the first cause that ends it, nothing left behind.
import type { TerminationReason } from "../protocol/termination-reason.ts";
import type { Leftover } from "../protocol/result.ts";
import type { OutputPipeline } from "../output/output-pipeline.ts";
import type { Child, Exit } from "./spawn.ts";
import { terminateChild, terminateLeftovers, LEFTOVER_GRACE_MS } from "./terminate.ts";
import { createReadCoalescing, READ_DELAY_MS } from "./read-coalescing.ts";
import type { OutputPipe, Stdio } from "./stdio.ts";
import type { ProcessTree, Root } from "./tree.ts";

/** The reason that a run is ended for, once somebody wants it to end; the first one wins. */
export type Stop = AbortSignal;

/** Where frames go; `full` says that the reader is slow, `onceDrained` calls back when it has caught up. */
export interface Backpressure {
  readonly full: boolean;
  onceDrained(resume: () => void): void;
}

/** What following a process needs. */
export interface FollowOptions {
  readonly child: Child;
  readonly root: Root;
  readonly stdio: Stdio;
  readonly output: OutputPipeline;
  readonly backpressure: Backpressure;
  readonly stop: Stop;
  readonly tree: ProcessTree;
  readonly killGraceMs: number;
}

/** How a process ended and what it had left running. */
export interface ProcessOutcome {
  readonly ending: TerminationReason;
  readonly leftovers: readonly Leftover[];
}

/** Resolves when the process has exited, its tree has been ended and all that it printed has been read. */
export async function follow({ child, root, stdio, output, backpressure, stop, tree, killGraceMs }: FollowOptions): Promise<ProcessOutcome> {
  const reading = readOutput(stdio, output, backpressure);
  const stopped = aborted(stop);
  const first = await Promise.race([child.exited, stopped]);
  if ("kind" in first) await terminateChild(root, child, tree, first.kind === "returned" ? LEFTOVER_GRACE_MS : killGraceMs);
  const leftovers = await terminateLeftovers(root, tree);
  await reading.drained();
  return { ending: "kind" in first ? first : terminationReason(first), leftovers };
}

function aborted(stop: Stop): Promise<TerminationReason> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve(stop.reason as TerminationReason);
    else stop.addEventListener("abort", () => resolve(stop.reason as TerminationReason), { once: true });
  });
}

function terminationReason({ code, signal }: Exit): TerminationReason {
  return signal === null ? { kind: "exited", code: code ?? 0 } : { kind: "signalled", signal };
}

/** The reading of a process's output. */
interface Reading {
  /**
   * Resolves when both streams have ended, or hold nothing more although somebody still has them open. A slow reader no
   * longer holds the output back then: what is left in the pipes is read at once, and that is not much.
   */
  drained(): Promise<void>;
}

function readOutput({ stdout, stderr }: Stdio, output: OutputPipeline, backpressure: Backpressure): Reading {
  const outputPipes: readonly OutputPipe[] = [stdout, stderr];
  const shouldDelay = createReadCoalescing();
  let rest: NodeJS.Timeout | undefined;
  let open = outputPipes.length;
  let chunks = 0;
  let held = false;
  let holding = true;
  let onEnded: () => void = () => {};
  const ended = new Promise<void>((resolve) => { onEnded = resolve; });

  function resume(): void {
    held = false;
    for (const outputPipe of outputPipes) outputPipe.resume();
  }
  function holdWhileFull(): void {
    if (!holding || held || !backpressure.full) return;
    held = true;
    for (const outputPipe of outputPipes) outputPipe.pause();
    backpressure.onceDrained(resume);
  }
  function delayReading(outputPipe: OutputPipe): void {
    outputPipe.pause();
    rest = setTimeout(() => { if (!held) outputPipe.resume(); }, READ_DELAY_MS);
  }
  function end(): void {
    open -= 1;
    if (open === 0) onEnded();
  }
  function read(outputPipe: OutputPipe, feed: OutputPipeline["stdout"]): void {
    outputPipe.read((bytes) => {
      chunks += 1;
      feed.push(bytes);
      holdWhileFull();
      if (shouldDelay(outputPipe, bytes.length) && holding && !held) delayReading(outputPipe);
    }, end);
  }

  read(stdout, output.stdout);
  read(stderr, output.stderr);
  return {
    async drained() {
      holding = false;
      clearTimeout(rest);
      resume();
      await Promise.race([ended, untilQuiet(() => chunks)]);
      for (const outputPipe of outputPipes) outputPipe.close();
    },
  };
}

/** The most chunks that an exited process can have left in its pipes; what comes behind them is somebody else's. */
const MAX_CHUNKS = 64;

/**
 * Resolves when the event loop has polled several times without anything new. What an exited process has written lies
 * in its pipe and is readable at once, so a few empty polls mean that the pipe is empty, whoever still has it open.
 */
async function untilQuiet(count: () => number): Promise<void> {
  const before = count();
  let seen = before;
  for (let quiet = 0; quiet < 4 && seen - before < MAX_CHUNKS;) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = count();
    quiet = now === seen ? quiet + 1 : 0;
    seen = now;
  }
}

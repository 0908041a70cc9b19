// From a started process to its end: output as it comes, the first cause that ends it, nothing left behind.
import type { Ending } from "../contract/ending.ts";
import type { Leftover } from "../contract/result.ts";
import type { Transcript } from "../output/transcript.ts";
import type { Child, Exit } from "./child.ts";
import { endChild, endLeftovers, LEFTOVER_GRACE_MS } from "./end-tree.ts";
import { createPace, REST_MS } from "./pace.ts";
import type { Outlet, Plumbing } from "./plumbing.ts";
import type { ProcessTree, Root } from "./tree.ts";

/** The reason that a run is ended for, once somebody wants it to end; the first one wins. */
export type Stop = AbortSignal;

/** Where frames go; `full` says that the reader is slow, `onceDrained` calls back when it has caught up. */
export interface Brake {
  readonly full: boolean;
  onceDrained(resume: () => void): void;
}

/** What following a process needs. */
export interface Followed {
  readonly child: Child;
  readonly root: Root;
  readonly plumbing: Plumbing;
  readonly transcript: Transcript;
  readonly brake: Brake;
  readonly stop: Stop;
  readonly tree: ProcessTree;
  readonly killGraceMs: number;
}

/** How a process ended and what it had left running. */
export interface Followup {
  readonly ending: Ending;
  readonly leftovers: readonly Leftover[];
}

/** Resolves when the process has exited, its tree has been ended and all that it printed has been read. */
export async function follow({ child, root, plumbing, transcript, brake, stop, tree, killGraceMs }: Followed): Promise<Followup> {
  const reading = readOutput(plumbing, transcript, brake);
  const stopped = aborted(stop);
  const first = await Promise.race([child.exited, stopped]);
  if ("kind" in first) await endChild(root, child, tree, first.kind === "returned" ? LEFTOVER_GRACE_MS : killGraceMs);
  const leftovers = await endLeftovers(root, tree);
  await reading.drained();
  return { ending: "kind" in first ? first : endingOf(first), leftovers };
}

function aborted(stop: Stop): Promise<Ending> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve(stop.reason as Ending);
    else stop.addEventListener("abort", () => resolve(stop.reason as Ending), { once: true });
  });
}

function endingOf({ code, signal }: Exit): Ending {
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

function readOutput({ stdout, stderr }: Plumbing, transcript: Transcript, brake: Brake): Reading {
  const outlets: readonly Outlet[] = [stdout, stderr];
  const isHasty = createPace();
  let rest: NodeJS.Timeout | undefined;
  let open = outlets.length;
  let chunks = 0;
  let held = false;
  let braking = true;
  let onEnded: () => void = () => {};
  const ended = new Promise<void>((resolve) => { onEnded = resolve; });

  function resume(): void {
    held = false;
    for (const outlet of outlets) outlet.resume();
  }
  function holdWhileFull(): void {
    if (!braking || held || !brake.full) return;
    held = true;
    for (const outlet of outlets) outlet.pause();
    brake.onceDrained(resume);
  }
  function restAWhile(outlet: Outlet): void {
    outlet.pause();
    rest = setTimeout(() => { if (!held) outlet.resume(); }, REST_MS);
  }
  function end(): void {
    open -= 1;
    if (open === 0) onEnded();
  }
  function read(outlet: Outlet, feed: Transcript["stdout"]): void {
    outlet.read((bytes) => {
      chunks += 1;
      feed.push(bytes);
      holdWhileFull();
      if (isHasty(outlet, bytes.length) && braking && !held) restAWhile(outlet);
    }, end);
  }

  read(stdout, transcript.stdout);
  read(stderr, transcript.stderr);
  return {
    async drained() {
      braking = false;
      clearTimeout(rest);
      resume();
      await Promise.race([ended, untilQuiet(() => chunks)]);
      for (const outlet of outlets) outlet.close();
    },
  };
}

/** The most chunks that an exited process can have left in its pipes; what comes behind them is somebody else's. */
const MOST_CHUNKS = 64;

/**
 * Resolves when the event loop has polled several times without anything new. What an exited process has written lies
 * in its pipe and is readable at once, so a few empty polls mean that the pipe is empty, whoever still has it open.
 */
async function untilQuiet(count: () => number): Promise<void> {
  const before = count();
  let seen = before;
  for (let quiet = 0; quiet < 4 && seen - before < MOST_CHUNKS;) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = count();
    quiet = now === seen ? quiet + 1 : 0;
    seen = now;
  }
}

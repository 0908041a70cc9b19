// A run's process tree: how to signal it, and what is left of it.
import type { Leftover } from "../protocol/result.ts";

/** The process that was started for a run, which leads its group. */
export interface Root {
  readonly pid: number;
  /** The value of the mark variable in its environment, and so in that of all that it starts. */
  readonly mark: string;
  /** `performance.now()` when the script started in it. */
  readonly startedAt: number;
  /** The pid that the kernel had given out last before that; absent where the process was started for the script. */
  readonly newestPid?: number;
}

/** A process of a tree that still runs. */
export interface Survivor extends Leftover {
  /** Whether it is in the root's own group. */
  readonly inGroup: boolean;
  /** Whether it works at this moment, waits for something, or is on its way out and runs no code any more. */
  readonly activity: "working" | "waiting" | "exiting";
}

/** What the processes of a tree can be sent. */
export type Signal = "SIGTERM" | "SIGKILL";

/** Process trees on this platform. A process that has gone meanwhile is never an error. */
export interface ProcessTree {
  /** Signals the root and all of its group. */
  signalGroup(root: Root, signal: Signal): void;
  /** Signals one process. */
  signalOne(pid: number, signal: Signal): void;
  /** Kills every process whose mark begins so, at once and without waiting; where marks cannot be read, none. */
  killMarked(markPrefix: string): void;
  /** The processes that still run, without those that are meant to stay. */
  survivors(root: Root): Promise<readonly Survivor[]>;
}

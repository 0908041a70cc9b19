// What the processes of runs use, sampled once a second for all runs together, and the memory guard.
import type { ListedProcess, ProcessTable } from "./table.ts";
import type { Root } from "./tree.ts";

/** What a run used, as far as samples tell: the largest sum of resident memory, and processor time. */
export interface Usage {
  readonly maxRssBytes: number;
  readonly cpuMs: number;
}

/** A run that is being watched. */
export interface Watch {
  /** Absent while no sample has been taken. */
  readonly usage: Usage | undefined;
  stop(): void;
}

const INTERVAL_MS = 1_000;
/** So many samples in a row above the limit are no peak that the collector is about to clear. */
const MAX_SAMPLES_OVER_LIMIT = 2;

/** Watches the processes of runs; it samples only while a run is watched, and measures nothing where the table lists nothing. */
export class UsageMeter {
  readonly #table: ProcessTable;
  readonly #intervalMs: number;
  readonly #watched = new Set<WatchedRun>();
  /** The marks of the processes in the last sample: a process keeps the one that it was started with. */
  #marks = new Map<string, string | undefined>();
  #timer: NodeJS.Timeout | undefined;

  constructor(table: ProcessTable, intervalMs: number = INTERVAL_MS) {
    this.#table = table;
    this.#intervalMs = intervalMs;
  }

  /** Calls `onOverLimit` with the bytes used when two samples in a row are above `limitBytes`. */
  watch(root: Root, limitBytes: number | undefined, onOverLimit: (usedBytes: number) => void): Watch {
    const run = new WatchedRun(root, limitBytes, onOverLimit);
    this.#watched.add(run);
    if (this.#timer === undefined) this.#schedule();
    return {
      get usage() { return run.usage; },
      stop: () => void this.#watched.delete(run),
    };
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#sample().catch(() => {}).finally(() => {
        this.#timer = undefined;
        if (this.#watched.size > 0) this.#schedule();
      });
    }, this.#intervalMs);
    this.#timer.unref();
  }

  async #sample(): Promise<void> {
    const processes = await this.#table.list();
    const before = this.#marks;
    this.#marks = new Map(processes.map((one) => {
      const key = keyOf(one);
      return [key, before.has(key) ? before.get(key) : this.#table.markOf(one.pid)?.mark];
    }));
    for (const run of this.#watched) {
      run.add(processes.filter((one) => one.group === run.root.pid || this.#marks.get(keyOf(one)) === run.root.mark));
    }
  }
}

class WatchedRun {
  readonly root: Root;
  readonly #limitBytes: number;
  readonly #onOverLimit: (usedBytes: number) => void;
  /** Processor time of each process seen, also of those that have gone. */
  readonly #cpuMs = new Map<string, number>();
  #maxRssBytes = 0;
  #samplesOverLimit = 0;

  constructor(root: Root, limitBytes = Infinity, onOverLimit: (usedBytes: number) => void) {
    this.root = root;
    this.#limitBytes = limitBytes;
    this.#onOverLimit = onOverLimit;
  }

  get usage(): Usage | undefined {
    if (this.#cpuMs.size === 0) return undefined;
    return { maxRssBytes: this.#maxRssBytes, cpuMs: [...this.#cpuMs.values()].reduce((sum, ms) => sum + ms, 0) };
  }

  add(processes: readonly ListedProcess[]): void {
    if (processes.length === 0) return;
    const rssBytes = processes.reduce((sum, one) => sum + one.rssBytes, 0);
    for (const one of processes) this.#cpuMs.set(keyOf(one), one.cpuMs);
    this.#maxRssBytes = Math.max(this.#maxRssBytes, rssBytes);
    this.#samplesOverLimit = rssBytes > this.#limitBytes ? this.#samplesOverLimit + 1 : 0;
    if (this.#samplesOverLimit === MAX_SAMPLES_OVER_LIMIT) this.#onOverLimit(rssBytes);
  }
}

function keyOf({ pid, startTime }: ListedProcess): string {
  return `${pid}:${startTime}`;
}

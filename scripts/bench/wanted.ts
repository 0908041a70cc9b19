// What is wanted of the runner: the marks that the table is held against.

/** A mark: the figure may be `most`, or must be `least`. */
export interface Wanted {
  readonly shown: string;
  readonly most?: number;
  readonly least?: number;
}

/** At most so much. */
export function atMost(most: number, unit = ""): Wanted {
  return { shown: `≤ ${most}${unit}`, most };
}

/** At least so much. */
export function atLeast(least: number): Wanted {
  return { shown: `≥ ${least}`, least };
}

/** The time of a warm dispatch in times of a bare spawn; a shell has a mark of its own. */
export const WARM_DISPATCH: Readonly<Record<string, Wanted>> = { node: atMost(0.15), python: atMost(0.3), powershell: atMost(0.15) };
/** The time of a cold dispatch in times of a bare spawn. */
export const COLD_DISPATCH = atMost(1.2);
/** What a shell's dispatch may take above a bare spawn, whichever start is faster. */
export const SHELL_DISPATCH = atMost(5, " ms");
/** Runs per second of eight node runs at once, in those of bare spawns. */
export const BURST_OF_8 = atLeast(0.95);
/** Log throughput in that of the bare pipe, by how the log is written. */
export const LOG_RATE: Readonly<Record<string, Wanted>> = { "console.log": atLeast(0.8), blocks: atLeast(0.25) };
/** What a log may add to the runner's peak resident memory. */
export const LOG_MEMORY = atMost(64, " MB");
/** The time of 100,000 log entries in that of the same as plain lines. */
export const MANY_ENTRIES = atMost(2);
/** Resident memory when idle, in that of a bare node process. */
export const IDLE_MEMORY = atMost(1.5);
/** The time until the service listens, in that of `node -e 0`. */
export const START_UP = atMost(2);

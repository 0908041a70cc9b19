// The project's performance targets.

/** The limits of a figure. */
export interface Target {
  readonly shown: string;
  readonly max?: number;
  readonly min?: number;
}

/** A figure of at most `max`. */
export function atMost(max: number, unit = ""): Target {
  return { shown: `≤ ${max}${unit}`, max };
}

/** A figure of at least `min`. */
export function atLeast(min: number): Target {
  return { shown: `≥ ${min}`, min };
}

/** A warm run's time, relative to a bare spawn. Shell scripts have their own target. */
export const WARM_DISPATCH: Readonly<Record<string, Target>> = { node: atMost(0.15), python: atMost(0.3), powershell: atMost(0.15) };
/** A cold run's time, relative to a bare spawn. */
export const COLD_DISPATCH = atMost(1.2);
/** What a shell run takes longer than a bare spawn. */
export const SHELL_DISPATCH = atMost(5, " ms");
/** Runs per second of eight concurrent Node runs, relative to bare spawns. */
export const BURST_OF_8 = atLeast(0.95);
/** Log throughput relative to a bare pipe, by kind of output. */
export const LOG_RATE: Readonly<Record<string, Target>> = { "console.log": atLeast(0.8), blocks: atLeast(0.25) };
/** What a log adds to the runner's peak resident memory. */
export const LOG_MEMORY = atMost(64, " MB");
/** The time of 100,000 log entries, relative to the same as plain lines. */
export const MANY_ENTRIES = atMost(2);
/** A run that installs its first set of Python packages, relative to `pip install --target`. */
export const FIRST_PYTHON_SET = atMost(1.1);
/** Resident memory when idle, relative to a bare Node process. */
export const IDLE_MEMORY = atMost(1.5);
/** The time until the service listens, relative to `node -e 0`. */
export const START_UP = atMost(2);

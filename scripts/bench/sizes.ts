// How much is measured: enough for reliable figures, or just enough to check that everything works.

/** How much each part measures. */
export interface Sizes {
  /** For short runs: the maximum number of rounds, the discarded rounds, and the maximum duration of a comparison. */
  readonly rounds: number;
  readonly warmUps: number;
  readonly withinMs: number;
  /** The number of back-to-back runs, and how many make one sample. */
  readonly sequence: number;
  readonly block: number;
  readonly bursts: readonly number[];
  /** Rounds for logs. */
  readonly logRounds: number;
  readonly logMegabytes: readonly number[];
  readonly secretMegabytes: number;
  readonly secrets: readonly number[];
  readonly concurrency: readonly number[];
  readonly inputMegabytes: readonly number[];
  readonly entries: readonly number[];
  readonly idleMs: number;
  /** The number of idle runners, and of plain Node processes. */
  readonly idlers: number;
}

/** The sizes of the documented table. */
export const FULL: Sizes = {
  rounds: 40, warmUps: 4, withinMs: 60_000,
  sequence: 500, block: 25,
  bursts: [8, 32],
  logRounds: 5, logMegabytes: [100, 1000], secretMegabytes: 100, secrets: [0, 5, 50],
  concurrency: [1, 4, 16, 64], inputMegabytes: [1, 10, 100], entries: [10, 1_000, 100_000],
  idleMs: 60_000, idlers: 3,
};

/** The sizes of `--quick`. */
export const QUICK: Sizes = {
  rounds: 3, warmUps: 1, withinMs: 5_000,
  sequence: 12, block: 4,
  bursts: [8],
  logRounds: 1, logMegabytes: [10], secretMegabytes: 5, secrets: [0, 50],
  concurrency: [1, 4], inputMegabytes: [1, 5], entries: [10, 1_000],
  idleMs: 1_000, idlers: 1,
};

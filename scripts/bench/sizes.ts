// How much is measured: enough to rely on, or just enough to see that all of it works.

/** How much each part measures. */
export interface Sizes {
  /** Most samples, thrown away ones and the most seconds of a comparison of short runs. */
  readonly rounds: number;
  readonly warmUps: number;
  readonly withinMs: number;
  /** Runs one after another, in blocks of so many. */
  readonly sequence: number;
  readonly block: number;
  readonly bursts: readonly number[];
  /** Comparisons of whole logs. */
  readonly logRounds: number;
  readonly logMegabytes: readonly number[];
  readonly secretMegabytes: number;
  readonly secrets: readonly number[];
  readonly concurrency: readonly number[];
  readonly inputMegabytes: readonly number[];
  readonly entries: readonly number[];
  readonly idleMs: number;
  /** Processes of either kind that are watched while idle. */
  readonly idlers: number;
}

/** What the documented table is made with. */
export const FULL: Sizes = {
  rounds: 40, warmUps: 4, withinMs: 60_000,
  sequence: 500, block: 25,
  bursts: [8, 32],
  logRounds: 5, logMegabytes: [100, 1000], secretMegabytes: 100, secrets: [0, 5, 50],
  concurrency: [1, 4, 16, 64], inputMegabytes: [1, 10, 100], entries: [10, 1_000, 100_000],
  idleMs: 60_000, idlers: 3,
};

/** A look at everything within a minute or two. */
export const QUICK: Sizes = {
  rounds: 3, warmUps: 1, withinMs: 5_000,
  sequence: 12, block: 4,
  bursts: [8],
  logRounds: 1, logMegabytes: [10], secretMegabytes: 5, secrets: [0, 50],
  concurrency: [1, 4], inputMegabytes: [1, 5], entries: [10, 1_000],
  idleMs: 1_000, idlers: 1,
};

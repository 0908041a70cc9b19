// Taking samples, and their statistics.

/** The median of some samples and their spread. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** The quartiles. */
  readonly lower: number;
  readonly upper: number;
  readonly samples: number;
}

/** Takes one sample. */
export type Sampler = () => Promise<number>;

/** How many samples are taken. */
export interface Rounds {
  /** Rounds whose samples are discarded. */
  readonly warmUps: number;
  readonly rounds: number;
  /** No round starts after so many milliseconds, except the first three. */
  readonly withinMs?: number;
  /** Called after every sample, to let the machine settle. */
  readonly pause?: () => Promise<void>;
}

const MIN_ROUNDS = 3;

/** Takes one sample of each per round. Every other round goes backwards, so that no sampler always follows the same one. */
export async function interleave<Name extends string>(
  samplers: Readonly<Record<Name, Sampler>>, { warmUps, rounds, withinMs = Infinity, pause }: Rounds,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(samplers) as Name[];
  const taken = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  let startedAt = performance.now();
  for (let round = -warmUps; round < rounds; round++) {
    if (round === 0) startedAt = performance.now();
    if (round >= MIN_ROUNDS && performance.now() - startedAt > withinMs) break;
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const sample = await samplers[name]();
      if (round >= 0) taken[name].push(sample);
      await pause?.();
    }
  }
  return taken;
}

/** How many milliseconds `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The statistics of at least one sample. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5), low: quantile(sorted, 0), high: quantile(sorted, 1),
    lower: quantile(sorted, 0.25), upper: quantile(sorted, 0.75), samples: sorted.length,
  };
}

/** The value below which the given share of the sorted samples lies, interpolated. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

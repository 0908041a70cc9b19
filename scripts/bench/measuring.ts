// The measuring core: samples taken in turn, and what they come to.

/** The middle of some samples and how far they spread. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** The quartiles. */
  readonly lower: number;
  readonly upper: number;
  readonly samples: number;
}

/** Takes one sample: a number, smaller or larger as it comes. */
export type Sampler = () => Promise<number>;

/** How many rounds there are. */
export interface Rounds {
  /** Rounds whose samples are thrown away. */
  readonly warmUps: number;
  readonly rounds: number;
  /** No further round is begun after so many milliseconds, as long as there were three. */
  readonly withinMs?: number;
  /** Lets the machine come to rest after every sample. */
  readonly rest?: () => Promise<void>;
}

const LEAST_ROUNDS = 3;

/** Takes a sample of each in turn, A B A B …, every other round backwards, so that none has a place of its own. */
export async function inTurn<Name extends string>(samplers: Readonly<Record<Name, Sampler>>, { warmUps, rounds, withinMs = Infinity, rest }: Rounds): Promise<Record<Name, number[]>> {
  const names = Object.keys(samplers) as Name[];
  const taken = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  let startedAt = performance.now();
  for (let round = -warmUps; round < rounds; round++) {
    if (round === 0) startedAt = performance.now();
    if (round >= LEAST_ROUNDS && performance.now() - startedAt > withinMs) break;
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const sample = await samplers[name]();
      if (round >= 0) taken[name].push(sample);
      await rest?.();
    }
  }
  return taken;
}

/** The milliseconds that something takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** What samples come to; at least one is needed. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0), high: quantile(sorted, 1), lower: quantile(sorted, 0.25), upper: quantile(sorted, 0.75), samples: sorted.length };
}

/** The value below which that share of the sorted samples lies, interpolated. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

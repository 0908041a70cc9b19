// What every part of the benchmark is given, and what it gives.
import type { Harness } from "./harness.ts";
import type { Interpreter } from "./interpreters.ts";
import type { Row } from "./rows.ts";
import type { Sizes } from "./sizes.ts";

/** The means of a part. */
export interface Bench {
  readonly harness: Harness;
  readonly interpreters: readonly Interpreter[];
  readonly sizes: Sizes;
  /** Tells whoever waits what is being done. */
  say(text: string): void;
}

/** A part of the benchmark. */
export interface Part {
  readonly name: string;
  /** What it measures, in a few words. */
  readonly about: string;
  /** Gives its rows as they come. */
  measure(bench: Bench): AsyncIterable<Row>;
}

/** The name of what the runner stands beside. */
export const BARE = "bare spawn";

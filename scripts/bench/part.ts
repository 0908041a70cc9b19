// What a part of the benchmark receives, and what it yields.
import type { Harness } from "./harness.ts";
import type { Interpreter } from "./interpreters.ts";
import type { Row } from "./rows.ts";
import type { Sizes } from "./sizes.ts";

/** What a part measures with. */
export interface BenchContext {
  readonly harness: Harness;
  readonly interpreters: readonly Interpreter[];
  readonly sizes: Sizes;
  /** Shows what is being measured. */
  progress(text: string): void;
}

/** A part of the benchmark. */
export interface Part {
  readonly name: string;
  /** What it measures, in a few words, for `--help`. */
  readonly about: string;
  /** Yields each row as soon as it is measured. */
  measure(bench: BenchContext): AsyncIterable<Row>;
}

/** The name of the baseline of most rows: the same script started without a runner. */
export const BARE_SPAWN = "bare spawn";

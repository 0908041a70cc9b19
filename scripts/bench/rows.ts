// A row of the benchmark's table: a measurement, its baseline, and whether it reaches its target.
import { spreadOf } from "./sampling.ts";
import type { Spread } from "./sampling.ts";
import type { Target } from "./targets.ts";

/** A row of the table. */
export interface Row {
  readonly part: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: Spread;
  /** What it is compared with, mostly the same work without a runner. */
  readonly baseline?: Spread & { readonly name: string };
  /** What the target applies to: the ratio or the difference of the medians, or our median itself. */
  readonly figure?: { readonly kind: FigureKind; readonly value: number };
  readonly target?: string;
  readonly reached?: boolean;
  readonly note?: string;
}

/** How the medians are compared. */
export type FigureKind = "ratio" | "difference" | "value";

/** What a row is computed from. */
export interface Measured {
  readonly part: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: readonly number[];
  readonly baseline?: { readonly name: string; readonly samples: readonly number[] };
  /** A ratio by default where there is a baseline, otherwise none. */
  readonly kind?: FigureKind;
  readonly target?: Target | undefined;
  readonly note?: string;
}

/** Compares the medians, and the figure with its target. */
export function toRow({ part, what, unit, ours: samples, baseline, target, note, ...options }: Measured): Row {
  const kind = options.kind ?? (baseline === undefined ? undefined : "ratio");
  const ours = spreadOf(samples);
  const other = baseline === undefined ? undefined : { ...spreadOf(baseline.samples), name: baseline.name };
  const figure = kind === undefined ? undefined : { kind, value: figureOf(kind, ours.median, other?.median ?? NaN) };
  return {
    part, what, unit, ours,
    ...(other === undefined ? {} : { baseline: other }),
    ...(figure === undefined ? {} : { figure }),
    ...(target === undefined || figure === undefined ? {} : { target: target.shown, reached: reaches(figure.value, target) }),
    ...(note === undefined ? {} : { note }),
  };
}

function figureOf(kind: FigureKind, ours: number, other: number): number {
  if (kind === "value") return ours;
  return kind === "ratio" ? ours / other : ours - other;
}

function reaches(value: number, { max = Infinity, min = -Infinity }: Target): boolean {
  return value <= max && value >= min;
}
